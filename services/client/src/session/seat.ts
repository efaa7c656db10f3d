import type { Leader, ViewMessage, WelcomeMessage } from '@rankd/protocol';
import type { Connection } from '../connection/connection.js';
import type { Lease } from './lease.js';

/** A fencing token: the view in which a member became rank 0. Resources refuse an older one. */
export interface Fence {
  readonly epoch: number;
  readonly view: number;
}

/** What a member sends to resume its seat (R-JOIN-6). */
export interface SeatClaim {
  readonly member: string;
  readonly secret: string;
}

/** What a seat needs of its connection. */
export type SeatConnection = Pick<Connection, 'send' | 'write' | 'end'>;

/** R-LEAD-2: between `yield` and the next view a member does not act on its rank. */
type YieldState = { readonly kind: 'acting' } | { readonly kind: 'yielding'; readonly request: number };

/** A member's seat on its current session: rank, size, leader and fencing token as the server last sent them. */
export class Seat {
  readonly connection: SeatConnection;
  readonly lease: Lease;
  readonly welcome: WelcomeMessage;
  rank: number;
  size: number;
  leader: Leader;
  fence: Fence | undefined;
  #yieldState: YieldState = { kind: 'acting' };
  #yieldRequests = 0;

  /** `fence` is the fencing token of the seat before a resumption, if the member led then. */
  constructor(connection: SeatConnection, lease: Lease, welcome: WelcomeMessage, fence: Fence | undefined) {
    this.connection = connection;
    this.lease = lease;
    this.welcome = welcome;
    this.rank = welcome.rank;
    this.size = welcome.size;
    this.leader = welcome.leader;
    this.fence = welcome.rank === 0 ? latestFence(welcome, fence) : undefined;
  }

  /** Whether this member may act on its rank at this moment. */
  canAct(nowMs: number): boolean {
    return this.#yieldState.kind === 'acting' && this.lease.isValid(nowMs);
  }

  get isYielding(): boolean {
    return this.#yieldState.kind === 'yielding';
  }

  /** Returns the number of this request. `yielded` has no number, so the member answers only its last request. */
  startYield(): number {
    this.#yieldRequests += 1;
    this.#yieldState = { kind: 'yielding', request: this.#yieldRequests };
    return this.#yieldRequests;
  }

  /** Whether this request is the last one and no view has ended the yield since. */
  owesYielded(request: number): boolean {
    return this.#yieldState.kind === 'yielding' && this.#yieldState.request === request;
  }

  applyView({ rank, size, leader, epoch, view }: ViewMessage): void {
    if (rank !== 0) this.fence = undefined;
    else if (this.rank !== 0) this.fence = { epoch, view };
    this.rank = rank;
    this.size = size;
    this.leader = leader;
    this.#yieldState = { kind: 'acting' };
  }
}

/**
 * The fencing token does not change while the member stays rank 0. After a resumption it is the one from before, unless the
 * welcome has another: then another member has led in between.
 */
function latestFence({ epoch, view, fence }: WelcomeMessage, before: Fence | undefined): Fence {
  if (before === undefined) return fence ?? { epoch, view };
  return fence !== undefined && fence.view > before.view ? fence : before;
}
