/** A member's seat on one session. */

import type { Leader, ViewMessage, WelcomeMessage } from '@rankd/protocol';
import type { Connection } from '../connection/connection.js';
import type { Lease } from './lease.js';
import { RosterQueries } from './roster-queries.js';

/**
 * A fencing token: the epoch and the view in which a member became the leader, or the owner of a partition. A later leader
 * or owner has a larger token: compare the epoch first, then the view. A resource that remembers the largest token can
 * refuse an earlier one.
 */
export interface Fence {
  /** One run of the group's order. A later run has a larger number. */
  readonly epoch: number;
  /** The number of the view within the epoch. */
  readonly view: number;
}

/**
 * The claim to a seat (R-JOIN-6), as plain JSON, for the option `resume` of `join`. A program that has the claim can take
 * the seat, so keep the claim secret.
 */
export interface SeatClaim {
  /** The id of the member. */
  readonly member: string;
  /** The secret of the last welcome. Each welcome has another one. */
  readonly secret: string;
  /** The group of the seat. */
  readonly group?: string;
  /** The epoch of the last welcome. */
  readonly epoch?: number;
}

/** Returns the claim to the seat of a welcome. */
export function claimOf({ group, member, resume, epoch }: WelcomeMessage): SeatClaim {
  return { group, member, secret: resume, epoch };
}

/** The functions and values that a seat gets from its connection. */
export type SeatConnection = Pick<Connection, 'send' | 'write' | 'end'>;

/**
 * Whether a member acts on its rank. R-LEAD-2: a member that was asked to yield does not act until the next view. R-RESIGN-1: a member that
 * resigns does not act until the view that answers `resign`.
 */
type ActingState =
  | { readonly kind: 'acting' }
  | { readonly kind: 'yielding'; readonly request: number }
  | { readonly kind: 'resigning'; readonly fromRank: number; readonly askedToYield: boolean };

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
  /** The epoch and the number of the last view. */
  lastView: Fence;
  #actingState: ActingState = { kind: 'acting' };
  #yieldRequests = 0;
  /** When the work of the leader must have ended, if nothing renews the lease for it any longer. */
  #finalLeaseEndMs: number | undefined;

  /** @param fence the fencing token of the earlier session, if the member led then */
  constructor(connection: SeatConnection, lease: Lease, welcome: WelcomeMessage, fence: Fence | undefined) {
    this.connection = connection;
    this.lease = lease;
    this.welcome = welcome;
    this.rosterQueries = new RosterQueries(connection);
    this.rank = welcome.rank;
    this.size = welcome.size;
    this.leader = welcome.leader;
    this.lastView = { epoch: welcome.epoch, view: welcome.view };
    this.fence = welcome.rank === 0 ? latestFence(welcome, fence) : undefined;
  }

  /** Returns whether this member may act on its rank at `nowMs`. */
  canAct(nowMs: number): boolean {
    return this.#actingState.kind === 'acting' && this.lease.isValid(nowMs);
  }

  /** Whether the server has asked the member to yield, and no view has arrived since. */
  get isYielding(): boolean {
    return this.#actingState.kind === 'yielding';
  }

  /** Whether the member resigns, and the view that answers has not arrived (R-RESIGN-1). */
  get isResigning(): boolean {
    return this.#actingState.kind === 'resigning';
  }

  /**
   * When the lease ends, by the monotonic clock. Heartbeats move it. After a request to yield, and while the member resigns or leaves,
   * nothing moves it: this is the time at which the work of the leader must have ended.
   */
  get leaseEndsAtMs(): number {
    return this.#finalLeaseEndMs ?? this.lease.expiresAtMs;
  }

  /** Stops the renewal of the lease for the work of the leader. */
  stopRenewal(): void {
    this.#finalLeaseEndMs ??= this.lease.expiresAtMs;
  }

  /**
   * Records that the server asks the member to yield. Returns the number of this request. `yielded` has no number, so the member
   * answers only the last request. A `resign` answers every request before it, so a member that resigns answers none.
   */
  startYield(): number {
    this.#yieldRequests += 1;
    this.stopRenewal();
    const state = this.#actingState;
    this.#actingState =
      state.kind === 'resigning'
        ? { ...state, askedToYield: true }
        : { kind: 'yielding', request: this.#yieldRequests };
    return this.#yieldRequests;
  }

  /** Returns whether this request is the last one and no view has ended the yield since. */
  owesYielded(request: number): boolean {
    return this.#actingState.kind === 'yielding' && this.#actingState.request === request;
  }

  /** Records that the member stops acting in order to resign (R-RESIGN-1). */
  startResign(): void {
    const askedToYield = this.#actingState.kind === 'yielding';
    this.stopRenewal();
    this.#actingState = { kind: 'resigning', fromRank: this.rank, askedToYield };
  }

  /** Records that the server refused to let the member resign. Returns whether the member still owes an answer to a request to yield. */
  cancelResign(): boolean {
    const state = this.#actingState;
    const owes = state.kind === 'resigning' && state.askedToYield;
    this.#actingState = owes ? { kind: 'yielding', request: this.#yieldRequests } : { kind: 'acting' };
    if (!owes) this.#finalLeaseEndMs = undefined;
    return owes;
  }

  /** Applies a view. It ends a yield. Only the view that answers `resign` ends a resignation. Returns whether it did. */
  applyView(view: ViewMessage): 'resigned' | 'applied' {
    const isAnswer = this.#answersResign(view);
    const { rank, size, leader, epoch } = view;
    if (rank !== 0) this.fence = undefined;
    else if (this.rank !== 0) this.fence = { epoch, view: view.view };
    this.rank = rank;
    this.size = size;
    this.leader = leader;
    this.lastView = { epoch, view: view.view };
    if (this.#actingState.kind !== 'resigning' || isAnswer) {
      this.#actingState = { kind: 'acting' };
      this.#finalLeaseEndMs = undefined;
    }
    return isAnswer ? 'resigned' : 'applied';
  }

  /**
   * R-RESIGN-1: returns whether a view answers `resign`. A view that the server sent before it read `resign` is no answer. The member must
   * not act until the answer arrives, because the server relies on that. The cause of the answer has the reason RESIGNED. Without a request
   * to yield, only `resign` takes rank 0 away from a member, or leads to a view without changes.
   */
  #answersResign({ rank, changes, cause }: ViewMessage): boolean {
    const state = this.#actingState;
    if (state.kind !== 'resigning') return false;
    if (cause.reason === 'RESIGNED' && cause.member === this.welcome.member) return true;
    return !state.askedToYield && (changes === 0 || (state.fromRank === 0 && rank > 0));
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
