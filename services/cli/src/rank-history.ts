/** Computes the ranks in a group's history. */

import type { History, Roster } from '@rankd/client/observer';

type Change = History['changes'][number];
type Order = readonly string[];

/** A change, and the rank changes that it certainly caused. */
export interface HistoryChange {
  readonly change: Change;
  readonly steps: readonly RankStep[];
}

/** A change of one member's rank. `was` is undefined if the member joined, `rank` if it left. */
export interface RankStep {
  readonly member: string;
  readonly was: number | undefined;
  readonly rank: number | undefined;
}

/** A possible order of the members after a change, with the orders before it. */
interface Path {
  readonly order: Order;
  readonly before: Path | undefined;
}

/** The largest number of ranks in memory, over all possible orders. */
const ranksMax = 100_000;

/**
 * Returns each change of the history with the rank changes that it certainly caused, newest first. The history has no ranks: it
 * says only which member joined, left or was moved. So the function replays the history from its start. For a move it tries every
 * rank. It keeps the orders that end in the current roster, and returns what they have in common.
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

/** Returns the possible orders. None if the history does not begin with the first member, or if there are too many. */
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

/** Returns the possible orders after a change. None if the change does not fit the order. */
function ordersAfter(order: Order, { cause: { kind, member }, size }: Change): Order[] {
  const others = order.filter(other => other !== member);
  const orders = {
    joined: () => [[...others, member]],
    left: () => [others],
    // A move to the same rank changes nothing and is not in the history.
    moved: () =>
      order
        .map((_, rank) => others.toSpliced(rank, 0, member))
        .filter(moved => moved[order.indexOf(member)] !== member),
    away: () => [order],
    resumed: () => [order],
  };
  return orders[kind]().filter(({ length }) => length === size);
}

/** Returns the rank changes of the newest change on which all paths agree. */
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
