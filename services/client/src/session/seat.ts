/** A member's seat on one session. */

import type { Leader, ViewMessage, WelcomeMessage } from '@rankd/protocol';
import type { Connection } from '../connection/connection.js';
import type { Lease } from './lease.js';
import { RosterQueries } from './roster-queries.js';

/**
 * A fencing token: the epoch and the view in which a member became the leader, or the owner of a partition. A later leader has a
 * larger token: compare the epoch first, then the view. A resource that remembers the largest token can refuse an earlier leader.
 */
export interface Fence {
  /** One run of the group's order. A later run has a larger number. */
  readonly epoch: number;
  /** The number of the view within the epoch. */
  readonly view: number;
}

/** The fields of a hello that takes back a seat (R-JOIN-6): the member id and the secret of the last welcome. */
export interface SeatClaim {
  /** The id of the member. */
  readonly member: string;
  /** The secret of the last welcome. Each welcome has another one. */
  readonly secret: string;
}

/** The functions and values that a seat gets from its connection. */
export type SeatConnection = Pick<Connection, 'send' | 'write' | 'end'>;

/** R-LEAD-2: a member that was asked to yield does not act on its rank until the next view. */
type YieldState = { readonly kind: 'acting' } | { readonly kind: 'yielding'; readonly request: number };

/** A member's seat on its current session: rank, size, leader and fencing token, as the server last sent them. */
export class Seat {
  readonly connection: SeatConnection;
  readonly lease: Lease;
  readonly welcome: WelcomeMessage;
  readonly rosterQueries: RosterQueries;
  rank: number;
  size: number;
  leader: Leader;
  fence: Fence | undefined;
  /** The newest view of this session, and its epoch. */
  epoch: number;
  view: number;
  #yieldState: YieldState = { kind: 'acting' };
  #yieldRequests = 0;

  /** @param fence the fencing token of the earlier session, if the member led then */
  constructor(connection: SeatConnection, lease: Lease, welcome: WelcomeMessage, fence: Fence | undefined) {
    this.connection = connection;
    this.lease = lease;
    this.welcome = welcome;
    this.rosterQueries = new RosterQueries(connection);
    this.rank = welcome.rank;
    this.size = welcome.size;
    this.leader = welcome.leader;
    this.epoch = welcome.epoch;
    this.view = welcome.view;
    this.fence = welcome.rank === 0 ? latestFence(welcome, fence) : undefined;
  }

  /** Returns whether this member may act on its rank at `nowMs`. */
  canAct(nowMs: number): boolean {
    return this.#yieldState.kind === 'acting' && this.lease.isValid(nowMs);
  }

  /** Whether the server has asked the member to yield, and no view has arrived since. */
  get isYielding(): boolean {
    return this.#yieldState.kind === 'yielding';
  }

  /**
   * Records that the server asks the member to yield. Returns the number of this request. `yielded` has no number, so the member
   * answers only the last request.
   */
  startYield(): number {
    this.#yieldRequests += 1;
    this.#yieldState = { kind: 'yielding', request: this.#yieldRequests };
    return this.#yieldRequests;
  }

  /** Returns whether this request is the last one and no view has ended the yield since. */
  owesYielded(request: number): boolean {
    return this.#yieldState.kind === 'yielding' && this.#yieldState.request === request;
  }

  /** Applies a view. It ends a yield. */
  applyView({ rank, size, leader, epoch, view }: ViewMessage): void {
    if (rank !== 0) this.fence = undefined;
    else if (this.rank !== 0) this.fence = { epoch, view };
    this.rank = rank;
    this.size = size;
    this.leader = leader;
    this.epoch = epoch;
    this.view = view;
    this.#yieldState = { kind: 'acting' };
  }
}

/**
 * Returns the fencing token of a seat with rank 0. It does not change while the member stays the leader. After a resume it is the token of
 * the earlier session. If the welcome has a later token, another member has led in between, and this later token is returned.
 */
function latestFence({ epoch, view, fence }: WelcomeMessage, before: Fence | undefined): Fence {
  if (before === undefined) return fence ?? { epoch, view };
  return fence !== undefined && fence.view > before.view ? fence : before;
}
