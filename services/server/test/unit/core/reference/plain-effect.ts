import type {
  Coordinator,
  DeliverEffect,
  Effect,
  Entry,
  Member,
  RankRange,
  Roster,
} from '../../../../src/core/index.js';

/** An effect with each member written as its id, so that it can be compared with that of another implementation. */
type Plain<T> = T extends Member
  ? string
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

type PlainOf<T> = T extends unknown ? Plain<T> : never;
export type PlainDeliver = Omit<Plain<DeliverEffect>, 'ranges'> & { recipients: string[] };
export type PlainEffect = PlainOf<Exclude<Effect, DeliverEffect>> | PlainDeliver;
export type PlainEffectOf<K extends PlainEffect['kind']> = Extract<PlainEffect, { kind: K }>;

const isMember = (value: object): value is Member => 'slot' in value && 'id' in value;

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (isMember(value)) return value.id;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const idsIn = (roster: Roster, ranges: readonly RankRange[]): string[] =>
  ranges.flatMap(({ from, to }) => roster.slice(from, to).map(member => member.id));

export function plainEffect(effect: Effect, roster: Roster | undefined): PlainEffect {
  if (effect.kind !== 'deliver') return plain(effect) as PlainEffect;
  if (roster === undefined) throw new Error('a command was delivered in a group that does not exist');
  const { ranges, ...rest } = effect;
  return { ...(plain(rest) as Omit<PlainDeliver, 'recipients'>), recipients: idsIn(roster, ranges) };
}

/** Applies an entry and converts the effects at once, while the group still has the state that they refer to. */
export function applyPlainly(coordinator: Coordinator, entry: Entry): PlainEffect[] {
  const effects = coordinator.apply(entry);
  const roster = entry.kind === 'frozen' ? undefined : coordinator.groups.get(entry.group)?.roster;
  return effects.map(effect => plainEffect(effect, roster));
}
