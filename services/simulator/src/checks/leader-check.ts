import type { Fence } from '@rankd/client/internal';
import type { ModelClient } from '../participants/model-client.js';
import { Violation } from '../violation.js';

/**
 * Never two who act as leader (R-LEAD-1), and no fencing token older than one that was seen. Looks at every client by the
 * library's own rule, at one moment.
 */
export class LeaderCheck {
  #newest: (Fence & { readonly client: ModelClient }) | undefined;
  #excused: { readonly epochBefore: number; readonly untilMs: number } | undefined;

  /** The promise ends where a server starts with no order: leaders of before may act until they have suspended themselves. */
  orderLost(epochBefore: number, untilMs: number): void {
    this.#excused = { epochBefore, untilMs };
  }

  /** The end of an order that goes on is lost, and with it who led there: until then they may not have noticed. */
  endLost(untilMs: number): void {
    this.#excused = { epochBefore: Infinity, untilMs };
  }

  /** What has been seen is no measure any more. */
  forget(): void {
    this.#newest = undefined;
  }

  look(clients: Iterable<ModelClient>, nowMs: number): void {
    let leader: { readonly client: ModelClient; readonly fence: Fence } | undefined;
    for (const client of clients) {
      const { fence } = client;
      if (fence === undefined || this.#isExcused(fence, nowMs)) continue;
      if (leader !== undefined) {
        const others = `${leader.client.name} ${inWords(leader.fence)} and ${client.name} ${inWords(fence)}`;
        throw new Violation('ONE-LEADER', `${others} act as leader`);
      }
      leader = { client, fence };
    }
    if (leader !== undefined) this.#compare(leader.client, leader.fence);
  }

  #compare(client: ModelClient, fence: Fence): void {
    const newest = this.#newest;
    if (newest === undefined || isOlder(newest, fence)) this.#newest = { ...fence, client };
    else if (isOlder(fence, newest) || newest.client !== client)
      throw new Violation(
        'FENCE',
        `${client.name} leads with ${inWords(fence)} after ${newest.client.name} with ${inWords(newest)}`,
      );
  }

  #isExcused({ epoch }: Fence, nowMs: number): boolean {
    return this.#excused !== undefined && nowMs < this.#excused.untilMs && epoch <= this.#excused.epochBefore;
  }
}

function isOlder(a: Fence, b: Fence): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.view < b.view);
}

function inWords({ epoch, view }: Fence): string {
  return `(${epoch}, ${view})`;
}
