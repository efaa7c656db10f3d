/** The messages between rankctl and its guard. */

/**
 * What the guard holds from now on. Each message replaces the one before. The guard answers each with `GuardAnswer`, and rankctl sends one
 * at a time, so that no queue grows if the guard is slow.
 */
export interface GuardOrder {
  /** The process groups that must not outlive rankctl. */
  readonly groups: readonly number[];
  /**
   * The program that rankctl is starting, by the member id in its environment. Its group is not known yet. The guard searches for the
   * program if rankctl is killed before it can send the group.
   */
  readonly starting: string | undefined;
  /** When the guard kills the groups even if rankctl lives, by `monotonicMs`. Undefined: never. */
  readonly killAtMs: number | undefined;
}

/** An answer of the guard. It sends `ready` once, then `held` for each order. */
export type GuardAnswer = 'ready' | 'held';

/** The time of CLOCK_MONOTONIC, ms. It is the same in every process of the system. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
