import {
  Group,
  type AdminGoneEntry,
  type Administrator,
  type CommandEntry,
  type CommandSource,
  type ConfirmedEntry,
  type DepartedEntry,
  type Effect,
  type ExpiredEntry,
  type FrozenEntry,
  type GraceEndedEntry,
  type JoinedEntry,
  type KeptSeat,
  type MovedEntry,
  type Newcomer,
  type RejectionCode,
  type RemovedEntry,
  type RestoredEntry,
  type ResignedEntry,
  type ResultEntry,
  type GroupLimits,
  type ServerGoneEntry,
  type StoppedEntry,
  type WaitingLeftEntry,
} from '../../../../src/core/index.js';

/** Builders of entries. Each has a default for every field, so that a test sets only the fields that it is about. */

export const AT = 1000;

export const rulesOf = (own: Partial<GroupLimits> = {}): GroupLimits => ({
  membersMax: 100,
  waitlistMax: 0,
  groupsMax: 64,
  commandsOpenMax: 1024,
  awaitedMax: 1_000_000_000,
  commandsPerSecond: 0,
  deadlineMsMax: 60_000,
  refusedMax: 100,
  missingMax: 100,
  historyMax: 1000,
  suspendMs: 6000,
  graceMs: 0,
  graceLeaderMs: 0,
  reformMs: 10_000,
  graceServerMs: 8000,
  ...own,
});

export const sessionNamed = (id: string): string => `session-of-${id}`;
export const hashNamed = (id: string): string => `hash-of-${id}`;

export const newcomer = (id: string, own: Partial<Newcomer> = {}): Newcomer => ({
  id,
  session: sessionNamed(id),
  name: id,
  tags: {},
  address: '127.0.0.1:1',
  secretHash: hashNamed(id),
  ...own,
});

type Own<T> = Partial<Omit<T, 'kind'>>;

const placed = { group: 'default', at: AT };

export const joined = (id: string, own: Own<JoinedEntry> = {}): JoinedEntry => ({
  kind: 'joined',
  ...placed,
  newcomer: newcomer(id),
  resume: undefined,
  ...own,
});

/**
 * `member` resumes in the session of `fresh`. Unless the test sets another, the secret is that of its first session.
 */
export const resumed = (member: string, fresh: string, secretHash = hashNamed(member), at = AT): JoinedEntry =>
  joined(fresh, { at, resume: { member, secretHash } });

export const confirmed = (member: string, session: string, own: Own<ConfirmedEntry> = {}): ConfirmedEntry => ({
  kind: 'confirmed',
  ...placed,
  member,
  session,
  ...own,
});

export const waitingLeft = (session: string, own: Own<WaitingLeftEntry> = {}): WaitingLeftEntry => ({
  kind: 'waiting-left',
  ...placed,
  session,
  ...own,
});

const departed = (member: string, own: Own<DepartedEntry>): DepartedEntry => ({
  kind: 'departed',
  ...placed,
  member,
  session: sessionNamed(member),
  how: 'lost',
  reason: 'CLOSED',
  mayActMs: 0,
  ...own,
});

/** The client closed the connection. */
export const lost = (member: string, own: Own<DepartedEntry> = {}): DepartedEntry => departed(member, own);

export const goodbye = (member: string, own: Own<DepartedEntry> = {}): DepartedEntry =>
  departed(member, { how: 'goodbye', reason: 'LEFT', ...own });

/** The server ended the session. */
export const ended = (member: string, own: Own<DepartedEntry> = {}): DepartedEntry =>
  departed(member, { how: 'ended', reason: 'SLOW_CONSUMER', ...own });

/** The first absence of the group has lasted since AT. */
export const graceEnded = (member: string, at: number, own: Own<GraceEndedEntry> = {}): GraceEndedEntry => ({
  kind: 'grace-ended',
  ...placed,
  at,
  epoch: EPOCH,
  member,
  absence: 1,
  ms: at - AT,
  ...own,
});

export const stopped = (member: string, own: Own<StoppedEntry> = {}): StoppedEntry => ({
  kind: 'stopped',
  ...placed,
  epoch: EPOCH,
  member,
  ask: 1,
  evidence: 'yielded',
  ...own,
});

export const resigned = (member: string, own: Own<ResignedEntry> = {}): ResignedEntry => ({
  kind: 'resigned',
  ...placed,
  member,
  session: sessionNamed(member),
  ...own,
});

export const ADMIN: Administrator = { session: 'session-of-admin', id: 'admin', name: 'root' };

export const moved = (id: string, member: string, rank: number, own: Own<MovedEntry> = {}): MovedEntry => ({
  kind: 'moved',
  ...placed,
  by: ADMIN,
  id,
  member,
  rank,
  ...own,
});

export const removed = (id: string, member: string, own: Own<RemovedEntry> = {}): RemovedEntry => ({
  kind: 'removed',
  ...placed,
  by: ADMIN,
  id,
  member,
  reason: undefined,
  ...own,
});

/** Without an `id` in `own`, the id of the command is its number. */
function commandFrom(from: CommandSource, n: number, own: Own<CommandEntry>): CommandEntry {
  const id = String(n);
  const aimed = { name: 'print', target: { kind: 'below' }, deadlineMs: 5000 } as const;
  return { kind: 'command', ...placed, from, n, id, ...aimed, reply: 'outcome', payload: undefined, ...own };
}

export const command = (
  member: string,
  n: number,
  own: Own<CommandEntry> & { session?: string } = {},
): CommandEntry => {
  const { session = sessionNamed(member), ...rest } = own;
  return commandFrom({ kind: 'member', member, session }, n, rest);
};

export const adminCommand = (n: number, own: Own<CommandEntry> = {}): CommandEntry =>
  commandFrom({ kind: 'admin', ...ADMIN }, n, own);

export const adminGone = (session: string = ADMIN.session, own: Own<AdminGoneEntry> = {}): AdminGoneEntry => ({
  kind: 'admin-gone',
  ...placed,
  session,
  ...own,
});

export const result = (member: string, epoch: number, seq: number, own: Own<ResultEntry> = {}): ResultEntry => ({
  kind: 'result',
  ...placed,
  member,
  session: sessionNamed(member),
  epoch,
  seq,
  status: 'done',
  error: undefined,
  payload: undefined,
  ...own,
});

export const expired = (epoch: number, seq: number, own: Own<ExpiredEntry> = {}): ExpiredEntry => ({
  kind: 'expired',
  ...placed,
  epoch,
  seq,
  ...own,
});

export const keptSeat = (id: string, slot: number, own: Partial<KeptSeat> = {}): KeptSeat => {
  const { name, tags, address, secretHash } = newcomer(id);
  return { id, name, tags, address, joinedAt: 500, slot, secretHash, ...own };
};

export const restored = (seats: readonly KeptSeat[], own: Own<RestoredEntry> = {}): RestoredEntry => ({
  kind: 'restored',
  ...placed,
  seats,
  ...own,
});

export const serverGone = (server: string, own: Own<ServerGoneEntry> = {}): ServerGoneEntry => ({
  kind: 'server-gone',
  ...placed,
  server,
  reason: 'SERVER_LOST',
  ...own,
});

export const frozen = (): FrozenEntry => ({ kind: 'frozen', at: AT });

export const EPOCH = 7;

/** Creates a group with these members, by rank. */
export function groupOf(ids: readonly string[], own: Partial<GroupLimits> = {}): Group {
  const group = new Group('default', EPOCH, rulesOf(own));
  for (const id of ids) group.apply(joined(id));
  return group;
}

export const idsByRank = (group: Group): string[] => group.roster.slice().map(member => member.id);

export type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

export const ofKind = <K extends Effect['kind']>(effects: readonly Effect[], kind: K): EffectOf<K>[] =>
  effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);

/** Returns the only effect of that kind. Throws if there is none or more than one. */
export function only<K extends Effect['kind']>(effects: readonly Effect[], kind: K): EffectOf<K> {
  const [first, second] = ofKind(effects, kind);
  if (first === undefined || second !== undefined) throw new Error(`not exactly one ${kind} among the effects`);
  return first;
}

export const kindsOf = (effects: readonly Effect[]): string[] => effects.map(effect => effect.kind);

/** Why a command was rejected; undefined if it was accepted. */
export const rejectionOf = (effects: readonly Effect[]): RejectionCode | undefined => {
  const { verdict } = only(effects, 'receipt');
  return verdict.kind === 'rejected' ? verdict.code : undefined;
};

/** The verdict on a move or a removal. */
export const adminVerdictOf = (effects: readonly Effect[]): string => {
  const { verdict } = only(effects, 'admin-receipt');
  return verdict.kind === 'rejected' ? verdict.code : verdict.kind;
};

/** Applies the command and returns its seq. Throws if it was rejected. */
export function order(group: Group, entry: CommandEntry): number {
  const { verdict } = only(group.apply(entry), 'receipt');
  if (verdict.kind === 'rejected') throw new Error(`not accepted: ${verdict.code}`);
  return verdict.seq;
}
