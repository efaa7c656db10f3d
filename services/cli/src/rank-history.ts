import type { History, Roster } from '@rankd/client/observer';

type Change = History['changes'][number];
type Order = readonly string[];

/** A change, and what is certain of what it did to ranks. */
export interface HistoryChange {
  readonly change: Change;
  readonly steps: readonly RankStep[];
}

/** `was` is undefined for who came, `rank` for who went. */
export interface RankStep {
  readonly member: string;
  readonly was: number | undefined;
  readonly rank: number | undefined;
}

/** One way in which the order may have come about. */
interface Path {
  readonly order: Order;
  readonly before: Path | undefined;
}

/** Ranks that are kept in mind at once, over all ways. */
const ranksMax = 100_000;

/**
 * The history says who came, went and was moved, but no ranks. They follow from playing it back from its beginning, a move
 * to every other rank there is: only what all ways have in common that end in the roster of now is told. Newest first, as it came.
 */
export function rankHistory(history: History, roster: Roster): HistoryChange[] {
  const ways = history.epoch === roster.epoch ? possibleOrders(roster, history.changes.toReversed()) : [];
  let paths = ways;
  return history.changes.map(change => {
    const steps = commonSteps(paths);
    paths = paths.flatMap(({ before }) => (before === undefined ? [] : [before]));
    return { change, steps };
  });
}

/** None where the history does not reach back to the first member, or there are too many. */
function possibleOrders({ members }: Roster, oldestFirst: readonly Change[]): Path[] {
  let paths: Path[] = [{ order: [], before: undefined }];
  for (const change of oldestFirst) {
    paths = paths.flatMap(before => ordersAfter(before.order, change).map(order => ({ order, before })));
    if (paths.length * change.size > ranksMax) return [];
  }
  return paths.filter(
    ({ order }) => order.length === members.length && members.every(({ member }, rank) => order[rank] === member),
  );
}

/** None where it does not fit. */
function ordersAfter(order: Order, { cause: { kind, member }, size }: Change): Order[] {
  const others = order.filter(other => other !== member);
  const orders = {
    joined: () => [[...others, member]],
    left: () => [others],
    // One to the rank it has already changes nothing, and is not in the history.
    moved: () =>
      order
        .map((_, rank) => others.toSpliced(rank, 0, member))
        .filter(moved => moved[order.indexOf(member)] !== member),
    away: () => [order],
    resumed: () => [order],
  };
  return orders[kind]().filter(({ length }) => length === size);
}

/** What the newest change of each path did, where they agree. */
function commonSteps([first, ...others]: readonly Path[]): RankStep[] {
  if (first === undefined) return [];
  return stepsOf(first).filter(step =>
    others.every(
      path => path.order.indexOf(step.member) === (step.rank ?? -1) && rankBefore(path, step.member) === step.was,
    ),
  );
}

function stepsOf({ order, before }: Path): RankStep[] {
  const rankIn = (ranks: Order): ReadonlyMap<string, number> => new Map(ranks.map((member, rank) => [member, rank]));
  const [was, now] = [rankIn(before?.order ?? []), rankIn(order)];
  return [...new Set([...was.keys(), ...now.keys()])]
    .map(member => ({ member, was: was.get(member), rank: now.get(member) }))
    .filter(step => step.was !== step.rank);
}

function rankBefore({ before }: Path, member: string): number | undefined {
  const rank = before?.order.indexOf(member) ?? -1;
  return rank === -1 ? undefined : rank;
}
