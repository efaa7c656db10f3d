/** Decides whether a server joins the cluster in Redis, creates one, or waits. */

/** What a server knows when it looks at Redis. */
export interface FoundingFacts {
  /** The cluster that this server has served, from its memory or from RANKD_STATE_DIR. */
  readonly served: string | undefined;
  /** The cluster that Redis has, and the lost clusters that it replaces. */
  readonly stored: { readonly clusterId: string; readonly replaces: readonly string[] } | undefined;
  /** Another server that waits for a lost cluster. */
  readonly waiting: { readonly clusterId: string; readonly name: string } | undefined;
  /** Whether an operator has decided that this server accepts what Redis has. */
  readonly isAdopted: boolean;
  /** How much longer this server looks for other servers before it creates a cluster, in milliseconds. */
  readonly lookMs: number;
}

/**
 * What a server does.
 * - `join`: it joins the cluster that Redis has. That cluster replaces the clusters `replaces` from now on.
 * - `create`: it creates a cluster, which replaces the lost clusters `replaces`.
 * - `look`: Redis is empty, and this server cannot know whether it always was. It looks again.
 * - `wait`: Redis does not have the cluster `lost`. It looks again until Redis has it or an operator decides.
 */
export type FoundingDecision =
  | { readonly kind: 'join' | 'create'; readonly replaces: readonly string[] }
  | { readonly kind: 'look'; readonly reason: string }
  | { readonly kind: 'wait'; readonly lost: string; readonly reason: string };

const ADVICE =
  'start the Redis that still has it, or accept the present one with `rankctl servers adopt` (docs/operations/several-servers.md)';

/**
 * Decides what a server does about the cluster in Redis. A server that knows of a lost cluster creates another one only if an operator has
 * decided that.
 */
export function decideFounding({ served, stored, waiting, isAdopted, lookMs }: FoundingFacts): FoundingDecision {
  if (stored !== undefined) return decideJoin(served, stored, isAdopted);
  const lost = served ?? waiting?.clusterId;
  if (lost === undefined) {
    if (lookMs <= 0) return { kind: 'create', replaces: [] };
    return { kind: 'look', reason: 'Redis is empty: this server looks for servers of an earlier cluster' };
  }
  if (isAdopted) return { kind: 'create', replaces: [lost] };
  const witness = served === undefined ? `, for which the server ${waiting?.name ?? ''} waits` : '';
  const reason = `Redis has lost the order of ranks: it is empty and does not have cluster ${lost}${witness}: ${ADVICE}`;
  return { kind: 'wait', lost, reason };
}

function decideJoin(
  served: string | undefined,
  { clusterId, replaces }: NonNullable<FoundingFacts['stored']>,
  isAdopted: boolean,
): FoundingDecision {
  if (served === undefined || served === clusterId || replaces.includes(served)) return { kind: 'join', replaces: [] };
  if (isAdopted) return { kind: 'join', replaces: [served] };
  const reason = `Redis has lost the order of ranks: it has cluster ${clusterId}, and this server has served cluster ${served}: ${ADVICE}`;
  return { kind: 'wait', lost: served, reason };
}
