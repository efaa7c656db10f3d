import type { ServerPingMessage, ViewMessage, WaitingMessage, WelcomeMessage } from '@rankd/protocol';
import type { Suspension } from '../events.js';
import type { Clock } from '../clock.js';
import type { ReadyResult } from '../commands/command-executor.js';
import { Lease } from './lease.js';
import { LeaseTimer, type LeaseHolder } from './lease-timer.js';
import { RankdError } from '../rankd-error.js';
import { Seat, type SeatClaim, type SeatConnection } from './seat.js';
import { ResumableSeat } from './resumable-seat.js';
import type { EventNotifier } from './event-notifier.js';

type Place =
  | { readonly kind: 'outside' }
  /** R-JOIN-4: on the waitlist, where the lease begins already. */
  | ({ readonly kind: 'waiting' } & LeaseHolder)
  | { readonly kind: 'seated'; readonly seat: Seat }
  | { readonly kind: 'closed' };

/** A session that has said hello, and when: what it is told begins to count from there (R-LEAD-3). */
export interface Greeting {
  readonly link: SeatConnection;
  readonly helloSentAtMs: number;
}

/** Where a member stands, from session to session, and whether it may act on its rank; listeners are told of each change. */
export class MemberState {
  readonly #tidings: EventNotifier;
  readonly #clock: Clock;
  readonly #leaseWatch: LeaseTimer;
  #place: Place = { kind: 'outside' };
  #intent: 'stay' | 'leave' = 'stay';
  #tenure: ResumableSeat | undefined;
  /** Whose order its rank is in, where several servers keep it: no other is gone over to. */
  #cluster: string | undefined;

  constructor(tidings: EventNotifier, clock: Clock) {
    this.#tidings = tidings;
    this.#clock = clock;
    this.#leaseWatch = new LeaseTimer(clock, () => this.#tell());
  }

  get seat(): Seat | undefined {
    return this.#place.kind === 'seated' ? this.#place.seat : undefined;
  }

  /** The seat while this member may act on its rank. */
  get acting(): Seat | undefined {
    const { seat } = this;
    return seat !== undefined && this.#suspensionOf(seat) === undefined ? seat : undefined;
  }

  /** Is it over for good? */
  get isClosed(): boolean {
    return this.#place.kind === 'closed';
  }

  /** What takes back its seat, where there is one to take back (R-JOIN-6). */
  get claim(): SeatClaim | undefined {
    return this.#tenure?.claim;
  }

  /** Aborted when its seat is another's. */
  get seatLost(): AbortSignal {
    return this.#tenure?.lost ?? AbortSignal.abort();
  }

  /** R-JOIN-4: on the waitlist, at another position. */
  waits({ link, helloSentAtMs }: Greeting, message: WaitingMessage): void {
    if (this.#place.kind === 'outside') {
      this.#place = { kind: 'waiting', link, lease: new Lease(helloSentAtMs, message) };
    }
    this.#tidings.waits(message);
    this.#watchLease();
  }

  /** R-JOIN-3, R-JOIN-6: it has a seat, of its own or its own again. */
  seated({ link, helloSentAtMs }: Greeting, welcome: WelcomeMessage): void {
    // Its goodbye is on the way: whoever is behind it may have been told that it leads.
    if (this.#intent === 'leave') return;
    if (this.#cluster !== undefined && welcome.cluster !== this.#cluster) {
      link.end(new RankdError('OTHER_CLUSTER'));
      return;
    }
    this.#cluster = welcome.cluster;
    const lease = this.#place.kind === 'waiting' ? this.#place.lease : new Lease(helloSentAtMs, welcome);
    // Its own seat again while it still has it, on another session: it leads on with the token that it has.
    if (this.seat !== undefined) this.#tenure?.unseated(this.seat);
    if (!welcome.resumed) this.#loseTenure();
    const tenure = this.#tenure ?? new ResumableSeat(welcome);
    const seat = new Seat(link, lease, welcome, tenure.fenceIn(welcome.epoch));
    tenure.seated(seat);
    this.#tenure = tenure;
    this.#place = { kind: 'seated', seat };
    this.#tidings.seated(welcome);
    for (const result of tenure.takeKept()) this.sendResult(result);
    this.#watchLease();
  }

  viewed(seat: Seat, view: ViewMessage): void {
    seat.viewed(view);
    this.#tidings.viewed(view);
    this.#tell();
  }

  pinged({ n, seen }: ServerPingMessage): void {
    const held = this.#held;
    if (held === undefined) return;
    // Of a lease that ran out listeners hear even where this ping renews it: work that saw it has ended.
    this.#tell();
    held.lease.pinged(n, seen, this.#clock.nowMs());
    held.link.send({ type: 'pong', n });
    this.#watchLease();
  }

  /** R-LEAD-2: acts on its rank no more until a view comes. Returns the number of the ask. */
  yield(seat: Seat): number {
    const ask = seat.yield();
    this.#tell();
    return ask;
  }

  /** Acts on its rank no more, for good. */
  leave(): void {
    this.#intent = 'leave';
    this.#tell();
  }

  /** The session is over, and with it the seat where trying again does not bring it back. */
  unseat(error: RankdError): void {
    this.#leaseWatch.stop();
    if (this.seat !== undefined) this.#tenure?.unseated(this.seat);
    if (!this.isClosed) this.#place = { kind: 'outside' };
    this.#tidings.unseated();
    if (!error.retry) this.#loseTenure();
  }

  close(): void {
    this.#place = { kind: 'closed' };
    this.#leaseWatch.stop();
    this.#loseTenure();
  }

  /** R-CMD-8: a result is sent by the member that was given the command, never in another epoch. */
  sendResult(result: ReadyResult): void {
    const { seat } = this;
    if (seat === undefined) {
      this.#tenure?.keep(result);
      return;
    }
    const { member, epoch } = seat.welcome;
    const isOurs = result.giver.member === member && result.giver.epoch === epoch;
    if (isOurs && this.#clock.nowMs() < result.expiresAtMs) seat.link.send(result.message, result.value);
  }

  get #held(): LeaseHolder | undefined {
    const place = this.#place;
    if (place.kind === 'seated') return place.seat;
    return place.kind === 'waiting' ? place : undefined;
  }

  #watchLease(): void {
    const held = this.#held;
    if (held === undefined) this.#leaseWatch.stop();
    else this.#leaseWatch.watch(held);
  }

  #suspensionOf(seat: Seat): Suspension | undefined {
    if (this.#intent === 'leave') return 'leave';
    if (seat.acts(this.#clock.nowMs())) return undefined;
    return seat.isYielding ? 'yield' : 'silence';
  }

  #tell(): void {
    const { seat } = this;
    if (seat !== undefined) this.#tidings.look(seat.rank, this.#suspensionOf(seat));
  }

  #loseTenure(): void {
    this.#tenure?.lose();
    this.#tenure = undefined;
  }
}
