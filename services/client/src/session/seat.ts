import type { Leader, WelcomeMessage, ViewMessage } from '@rankd/protocol';
import type { Lease } from './lease.js';
import type { Connection } from '../connection/connection.js';

/** The view in which a member became rank 0. Whoever guards a resource refuses an older one. */
export interface Fence {
  readonly epoch: number;
  readonly view: number;
}

/** What takes back a seat (R-JOIN-6). */
export interface SeatClaim {
  readonly member: string;
  readonly secret: string;
}

/** What a seat needs of its connection. */
export type SeatConnection = Pick<Connection, 'send' | 'write' | 'end'>;

/** R-LEAD-2: between `yield` and the next view a member acts on its rank no more. */
type Attitude = { readonly kind: 'acting' } | { readonly kind: 'yielding'; readonly ask: number };

/** A member's place as it was last told, on the session that it has now. */
export class Seat {
  readonly link: SeatConnection;
  readonly lease: Lease;
  readonly welcome: WelcomeMessage;
  rank: number;
  size: number;
  leader: Leader;
  fence: Fence | undefined;
  #attitude: Attitude = { kind: 'acting' };
  #asks = 0;

  /** `fence`: of before a resumption, where it led then. */
  constructor(link: SeatConnection, lease: Lease, welcome: WelcomeMessage, fence: Fence | undefined) {
    this.link = link;
    this.lease = lease;
    this.welcome = welcome;
    this.rank = welcome.rank;
    this.size = welcome.size;
    this.leader = welcome.leader;
    this.fence = welcome.rank === 0 ? latestFence(welcome, fence) : undefined;
  }

  /** May this member act on its rank at this moment? */
  acts(nowMs: number): boolean {
    return this.#attitude.kind === 'acting' && this.lease.holds(nowMs);
  }

  get isYielding(): boolean {
    return this.#attitude.kind === 'yielding';
  }

  /** Returns the number of the ask: an answer to an earlier one would be taken for an answer to this one. */
  yield(): number {
    this.#asks += 1;
    this.#attitude = { kind: 'yielding', ask: this.#asks };
    return this.#asks;
  }

  /** Is this ask the last, and nothing has let the member act again since? */
  owesAnswer(ask: number): boolean {
    return this.#attitude.kind === 'yielding' && this.#attitude.ask === ask;
  }

  viewed({ rank, size, leader, epoch, view }: ViewMessage): void {
    if (rank !== 0) this.fence = undefined;
    else if (this.rank !== 0) this.fence = { epoch, view };
    this.rank = rank;
    this.size = size;
    this.leader = leader;
    this.#attitude = { kind: 'acting' };
  }
}

/**
 * Constant while it stays rank 0: the one of before a resumption, unless the coordinator says that it has become rank 0 anew
 * since, after another led.
 */
function latestFence({ epoch, view, fence }: WelcomeMessage, before: Fence | undefined): Fence {
  if (before === undefined) return fence ?? { epoch, view };
  return fence !== undefined && fence.view > before.view ? fence : before;
}
