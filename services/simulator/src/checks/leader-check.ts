import type { Fence } from '@rankd/client/internal';
import type { ModelClient } from '../participants/model-client.js';
import { Violation } from '../violation.js';

/**
 * Checks that at most one client acts as leader (R-LEAD-1), and that fencing tokens never decrease. It asks every client at the
 * same moment, with the rule of the library.
 */
export class LeaderCheck {
  /** The newest fencing token of a leader, and its client. Undefined if any token may follow. */
  newestFence: (Fence & { readonly client: ModelClient }) | undefined;
  /** Whether the newest fencing token is possibly from lost records, and no server of the cluster can know that. */
  #isLossUnnoticed = false;
  #excused: { readonly epochBefore: number; readonly untilMs: number } | undefined;

  /**
   * Ignores leaders of epochs up to `epochBefore` until `untilMs`. A server has started without the earlier order, and earlier
   * leaders may act until they suspend themselves.
   */
  excuseEpochs(epochBefore: number, untilMs: number): void {
    this.#excused = { epochBefore, untilMs };
  }

  /**
   * Ignores all leaders until `untilMs`. The last records of the order are lost. A member that became the leader by one of them may still
   * lead.
   */
  excuseAllEpochs(untilMs: number): void {
    this.#excused = { epochBefore: Infinity, untilMs };
  }

  /** Ignores older fencing tokens until noticeLoss(), because every server that has read the lost records is cut off or stopped. */
  awaitLossNotice(): void {
    this.#isLossUnnoticed = true;
  }

  /** A server that has read lost records has joined again, so its report makes all epochs rise. */
  noticeLoss(): void {
    this.#isLossUnnoticed = false;
  }

  /** Forgets the newest fencing token, because the record that issued it may be lost. */
  forgetNewestFence(): void {
    this.newestFence = undefined;
  }

  /**
   * Checks all clients.
   * @throws Violation ONE-LEADER if two clients lead; FENCE if a fencing token is older than an earlier one
   */
  checkLeaders(clients: Iterable<ModelClient>, nowMs: number): void {
    let leader: { readonly client: ModelClient; readonly fence: Fence } | undefined;
    for (const client of clients) {
      const { fence } = client;
      if (fence === undefined || this.#isExcused(fence, nowMs)) continue;
      if (leader !== undefined) {
        const others = `${leader.client.name} ${formatFence(leader.fence)} and ${client.name} ${formatFence(fence)}`;
        throw new Violation('ONE-LEADER', `${others} act as leader`);
      }
      leader = { client, fence };
    }
    if (leader !== undefined) this.#checkFence(leader.client, leader.fence);
  }

  #checkFence(client: ModelClient, fence: Fence): void {
    const newest = this.newestFence;
    if (newest === undefined || isOlder(newest, fence)) this.newestFence = { ...fence, client };
    else if (!this.#isLossUnnoticed && (isOlder(fence, newest) || newest.client !== client))
      throw new Violation(
        'FENCE',
        `${client.name} leads with ${formatFence(fence)} after ${newest.client.name} with ${formatFence(newest)}`,
      );
  }

  #isExcused({ epoch }: Fence, nowMs: number): boolean {
    return this.#excused !== undefined && nowMs < this.#excused.untilMs && epoch <= this.#excused.epochBefore;
  }
}

function isOlder(a: Fence, b: Fence): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.view < b.view);
}

function formatFence({ epoch, view }: Fence): string {
  return `(${epoch}, ${view})`;
}
