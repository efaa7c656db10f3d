/** The state of a member across its sessions. */

import type { ServerPingMessage, ViewMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { Clock } from '../clock.js';
import type { ReadyResult } from '../commands/command-executor.js';
import type { Suspension } from '../events.js';
import { RankdError } from '../rankd-error.js';
import type { EventNotifier } from './event-notifier.js';
import { type LeaseHolder, LeaseTimer } from './lease-timer.js';
import { Lease } from './lease.js';
import { ResumableSeat } from './resumable-seat.js';
import { Seat, type SeatClaim, type SeatConnection } from './seat.js';

/** Why the member is about to end its membership. */
export type Ending = 'leave' | 'close';

type MemberStatus =
  | { readonly kind: 'outside' }
  /** On the waitlist (R-JOIN-4). The lease starts there. */
  | ({ readonly kind: 'waiting' } & LeaseHolder)
  | { readonly kind: 'seated'; readonly seat: Seat }
  | { readonly kind: 'closed' };

/** The connection on which a hello was sent, and when. The first lease counts from that time (R-LEAD-3). */
export interface SentHello {
  readonly connection: SeatConnection;
  readonly helloSentAtMs: number;
}

/** The state of a member across its sessions: its seat, its lease, and whether it may act on its rank. Emits each change. */
export class MemberState {
  readonly #notifier: EventNotifier;
  readonly #clock: Clock;
  readonly #leaseTimer: LeaseTimer;
  #status: MemberStatus = { kind: 'outside' };
  #intent: 'stay' | Ending = 'stay';
  #resumableSeat: ResumableSeat | undefined;
  /** The claim of an earlier process, until the first welcome. After `close`: the claim to the seat that the server still holds. */
  #looseClaim: SeatClaim | undefined;
  /** The cluster of the first welcome. The member accepts no seat in another cluster. */
  #cluster: string | undefined;

  /** @param claim the claim with which the first hello asks for the seat of an earlier process */
  constructor(notifier: EventNotifier, clock: Clock, claim?: SeatClaim) {
    this.#notifier = notifier;
    this.#clock = clock;
    this.#looseClaim = claim;
    this.#leaseTimer = new LeaseTimer(clock, () => this.#emitChanges());
  }

  /** The seat on the current session. Undefined if there is none. */
  get seat(): Seat | undefined {
    return this.#status.kind === 'seated' ? this.#status.seat : undefined;
  }

  /** The seat while this member may act on its rank. */
  get acting(): Seat | undefined {
    const { seat } = this;
    return seat !== undefined && this.#suspensionOf(seat) === undefined ? seat : undefined;
  }

  /** Whether the membership is closed. */
  get isClosed(): boolean {
    return this.#status.kind === 'closed';
  }

  /** Whether the member leaves or has left, or the membership is closed. */
  get isOver(): boolean {
    return this.#intent !== 'stay' || this.isClosed;
  }

  /** The claim with which the next hello takes back the seat (R-JOIN-6). Undefined if there is no seat to take back. */
  get claim(): SeatClaim | undefined {
    return this.#resumableSeat?.claim ?? this.#looseClaim;
  }

  /** Aborted when the seat is lost permanently. */
  get seatLost(): AbortSignal {
    return this.#resumableSeat?.lostSignal ?? AbortSignal.abort();
  }

  /** Records a position on the waitlist (R-JOIN-4). */
  handleWaiting({ connection, helloSentAtMs }: SentHello, message: WaitingMessage): void {
    if (this.#status.kind === 'outside') {
      this.#status = { kind: 'waiting', connection, lease: new Lease(helloSentAtMs, message) };
    }
    this.#notifier.emitWaiting(message);
    this.#restartLeaseTimer();
  }

  /**
   * Records a new seat or the earlier one (R-JOIN-3, R-JOIN-6), and emits `joined`. Ends the connection with OTHER_CLUSTER if the server
   * belongs to another cluster.
   * @param onRecorded called after the seat is recorded and before the events, so that listeners find every part up to date
   */
  handleWelcome(sentHello: SentHello, welcome: WelcomeMessage, onRecorded: () => void = () => undefined): void {
    const isSeated = this.#recordWelcome(sentHello, welcome);
    onRecorded();
    if (!isSeated) return;
    this.#notifier.emitJoined(welcome);
    this.#restartLeaseTimer();
    this.#emitLease();
  }

  /** Returns whether this member has the seat of the welcome. */
  #recordWelcome({ connection, helloSentAtMs }: SentHello, welcome: WelcomeMessage): boolean {
    // `leave` has been sent, so another member may lead already.
    if (this.#intent !== 'stay') return false;
    if (this.#cluster !== undefined && welcome.cluster !== this.#cluster) {
      connection.end(new RankdError('OTHER_CLUSTER'));
      return false;
    }
    this.#cluster = welcome.cluster;
    const lease = this.#status.kind === 'waiting' ? this.#status.lease : new Lease(helloSentAtMs, welcome);
    // Keep the fencing token if this session takes the seat over from a session that is still open.
    if (this.seat !== undefined) this.#resumableSeat?.recordFence(this.seat);
    if (!welcome.resumed) this.#abandonResumableSeat();
    const resumableSeat = this.#resumableSeat ?? new ResumableSeat(welcome);
    const seat = new Seat(connection, lease, welcome, resumableSeat.fenceForEpoch(welcome.epoch));
    resumableSeat.recordSeat(seat);
    this.#resumableSeat = resumableSeat;
    this.#status = { kind: 'seated', seat };
    this.#looseClaim = undefined;
    for (const result of resumableSeat.removeResults()) this.sendResult(result);
    return true;
  }

  /**
   * Applies a view to the seat and emits what has changed.
   * @param onRecorded called before the events, as in `handleWelcome`
   * @returns `resigned` if the view answers `resign`
   */
  handleView(seat: Seat, view: ViewMessage, onRecorded: () => void = () => undefined): 'resigned' | 'applied' {
    const applied = seat.applyView(view);
    this.#notifier.recordView(view);
    onRecorded();
    this.#emitChanges();
    this.#emitLease();
    return applied;
  }

  /** Answers a ping and renews the lease. */
  handlePing({ n, seen }: ServerPingMessage): void {
    const holder = this.#leaseHolder;
    if (holder === undefined) return;
    // Emit `suspended` if the lease has expired, although this ping renews it: work may have read the aborted signal and ended.
    this.#emitChanges();
    holder.lease.recordPing(n, seen, this.#clock.nowMs());
    holder.connection.send({ type: 'pong', n });
    this.#restartLeaseTimer();
    this.#emitLease();
  }

  /** Suspends the member until the next view (R-LEAD-2). Returns the number of this request. */
  startYield(seat: Seat): number {
    const request = seat.startYield();
    this.#emitChanges();
    return request;
  }

  /** Suspends the member until the view that answers `resign` (R-RESIGN-1). */
  startResign(seat: Seat): void {
    seat.startResign();
    this.#emitChanges();
  }

  /** Records that the server refused to let the member resign. Returns whether the member still owes an answer to a request to yield. */
  cancelResign(seat: Seat): boolean {
    const owes = seat.cancelResign();
    this.#emitChanges();
    this.#emitLease();
    return owes;
  }

  /** Suspends the member permanently, because it leaves, or because it closes and leaves its seat to a later process. */
  suspendForGood(ending: Ending = 'leave'): void {
    this.#intent = ending;
    this.seat?.stopRenewal();
    this.#emitChanges();
  }

  /** Records that the session has ended. The seat is lost if the error does not allow a retry. */
  handleSessionEnd(error: RankdError): void {
    this.#leaseTimer.stop();
    if (this.seat !== undefined) this.#resumableSeat?.recordFence(this.seat);
    if (!this.isClosed) this.#status = { kind: 'outside' };
    this.#notifier.recordSessionEnd();
    if (error.retry) return;
    // After `close` the server keeps the seat for a later process.
    const kept = this.#intent === 'close' && error.code === 'ABORTED' ? this.claim : undefined;
    this.#abandonResumableSeat();
    this.#looseClaim = kept;
  }

  /** Closes the membership. The seat is lost to this process. */
  close(): void {
    const kept = this.#intent === 'close' ? this.claim : undefined;
    this.#status = { kind: 'closed' };
    this.#leaseTimer.stop();
    this.#abandonResumableSeat();
    this.#looseClaim = kept;
  }

  /**
   * Sends a result, or keeps it until the seat is resumed. Drops it if this member is not the one that received the command, if
   * the epoch has changed, or if the deadline has passed (R-CMD-8).
   */
  sendResult(result: ReadyResult): void {
    const { seat } = this;
    if (seat === undefined) {
      this.#resumableSeat?.keepResult(result);
      return;
    }
    const { member, epoch } = seat.welcome;
    const isOurs = result.recipient.member === member && result.recipient.epoch === epoch;
    if (isOurs && this.#clock.nowMs() < result.expiresAtMs) seat.connection.send(result.message, result.value);
  }

  get #leaseHolder(): LeaseHolder | undefined {
    const status = this.#status;
    if (status.kind === 'seated') return status.seat;
    return status.kind === 'waiting' ? status : undefined;
  }

  #restartLeaseTimer(): void {
    const holder = this.#leaseHolder;
    if (holder === undefined) this.#leaseTimer.stop();
    else this.#leaseTimer.start(holder);
  }

  #suspensionOf(seat: Seat): Suspension | undefined {
    if (this.#intent !== 'stay') return this.#intent;
    if (seat.canAct(this.#clock.nowMs())) return undefined;
    if (seat.isResigning) return 'resign';
    return seat.isYielding ? 'yield' : 'silence';
  }

  #emitChanges(): void {
    const { seat } = this;
    if (seat !== undefined) this.#notifier.emitChanges(seat.rank, this.#suspensionOf(seat));
  }

  #emitLease(): void {
    const { seat } = this;
    if (seat !== undefined) this.#notifier.emitLease(seat.leaseEndsAtMs);
  }

  #abandonResumableSeat(): void {
    this.#resumableSeat?.abandon();
    this.#resumableSeat = undefined;
  }
}
