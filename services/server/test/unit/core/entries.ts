import {
  Group,
  type CommandEntry,
  type CoreLimits,
  type Effect,
  type ExpiredEntry,
  type FrozenEntry,
  type JoinedEntry,
  type LeftEntry,
  type Newcomer,
  type RejectionCode,
  type ResultEntry,
} from '../../../src/core/index.js';

/** Builders of entries, each complete by itself: a test says only what it is about. */

const AT = 1000;

export const limitsOf = (own: Partial<CoreLimits> = {}): CoreLimits => ({
  membersMax: 100,
  groupsMax: 64,
  commandsOpenMax: 1024,
  deadlineMsMax: 60_000,
  refusedMax: 100,
  missingMax: 100,
  ...own,
});

export const newcomer = (id: string, own: Partial<Newcomer> = {}): Newcomer => ({
  id,
  session: `session-of-${id}`,
  name: id,
  tags: {},
  address: '127.0.0.1:1',
  joinedAt: AT,
  ...own,
});

type Own<T> = Partial<Omit<T, 'kind'>>;

export const joined = (id: string, own: Own<JoinedEntry> = {}): JoinedEntry => ({
  kind: 'joined',
  group: 'default',
  at: AT,
  newcomer: newcomer(id),
  ...own,
});

export const left = (member: string, own: Own<LeftEntry> = {}): LeftEntry => ({
  kind: 'left',
  group: 'default',
  at: AT,
  member,
  reason: 'CLOSED',
  ...own,
});

/** Without `id` of its own a command is called by its number. */
export const command = (member: string, n: number, own: Own<CommandEntry> = {}): CommandEntry => ({
  kind: 'command',
  group: 'default',
  at: AT,
  member,
  n,
  id: String(n),
  name: 'print',
  target: { kind: 'below' },
  deadlineMs: 5000,
  reply: 'outcome',
  payload: undefined,
  ...own,
});

export const result = (member: string, epoch: number, seq: number, own: Own<ResultEntry> = {}): ResultEntry => ({
  kind: 'result',
  group: 'default',
  at: AT,
  member,
  epoch,
  seq,
  status: 'done',
  error: undefined,
  payload: undefined,
  ...own,
});

export const expired = (epoch: number, seq: number, own: Own<ExpiredEntry> = {}): ExpiredEntry => ({
  kind: 'expired',
  group: 'default',
  at: AT,
  epoch,
  seq,
  ...own,
});

export const frozen = (): FrozenEntry => ({ kind: 'frozen', at: AT });

export const EPOCH = 7;

/** A group of these members, by rank. */
export function groupOf(ids: readonly string[], own: Partial<CoreLimits> = {}): Group {
  const group = new Group('default', EPOCH, limitsOf(own));
  for (const id of ids) group.apply(joined(id));
  return group;
}

export const idsByRank = (group: Group): string[] => group.roster.slice().map(member => member.id);

export type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

export const ofKind = <K extends Effect['kind']>(effects: readonly Effect[], kind: K): EffectOf<K>[] =>
  effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);

/** The one effect of that kind; a test that finds none, or two, is over. */
export function only<K extends Effect['kind']>(effects: readonly Effect[], kind: K): EffectOf<K> {
  const [first, second] = ofKind(effects, kind);
  if (first === undefined || second !== undefined) throw new Error(`not exactly one ${kind} among the effects`);
  return first;
}

export const kindsOf = (effects: readonly Effect[]): string[] => effects.map(effect => effect.kind);

/** Why a command was not accepted; undefined where it was. */
export const rejectionOf = (effects: readonly Effect[]): RejectionCode | undefined => {
  const { verdict } = only(effects, 'receipt');
  return verdict.kind === 'rejected' ? verdict.code : undefined;
};

/** The command's seq. A test whose command is not accepted is over. */
export function order(group: Group, entry: CommandEntry): number {
  const { verdict } = only(group.apply(entry), 'receipt');
  if (verdict.kind === 'rejected') throw new Error(`not accepted: ${verdict.code}`);
  return verdict.seq;
}
