import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  DeliveredCommandMessage,
  HelloMessage,
  Leader,
  ServerPingMessage,
  ViewMessage,
  WaitingMessage,
  WelcomeMessage,
} from '@rankd/protocol';
import type { MembershipEvents, Suspension } from './client-event.js';
import type { AnyCommands, CommandName, CommandsOf, HandlerOf, OrderOf, ValueOf } from './commands.js';
import { Executor, type ReadyResult } from './executor.js';
import { Leading, untilHolds, type Work } from './leading.js';
import { Lease } from './lease.js';
import type { Link, SessionMessage } from './link.js';
import { Orders } from './orders.js';
import { RankdError } from './rankd-error.js';
import { Seat, type Fence, type SeatClaim, type SeatLink } from './seat.js';
import type { CommandResult, Sheet } from './sheet.js';
import { Tenure } from './tenure.js';
import { Tidings } from './tidings.js';

type Standing =
  | { readonly kind: 'outside' }
  /** R-JOIN-4: on the waitlist, where the lease begins already. */
  | { readonly kind: 'waiting'; readonly link: SeatLink; readonly lease: Lease }
  | { readonly kind: 'seated'; readonly seat: Seat }
  | { readonly kind: 'closed' };

/** What keeps a membership in touch with a coordinator; `join` makes it. */
export interface Reconnector {
  /** Stops trying; says goodbye where there is a session. */
  stop(): Promise<void>;
}

/**
 * This process as a member of a group. Every answer about its rank is for the moment at which it is asked: it is undefined
 * while there is no session, while the coordinator has not been heard for `suspendMs` (R-LEAD-3), while it yields
 * (R-LEAD-2), and as soon as it leaves.
 */
export class Membership<C extends CommandsOf<C> = AnyCommands> extends EventEmitter<MembershipEvents> {
  readonly #orders = new Orders(() => this.#seat);
  readonly #tidings = new Tidings(this);
  readonly #executor: Executor;
  readonly #leading = new Set<Leading>();
  #standing: Standing = { kind: 'outside' };
  #intent: 'stay' | 'leave' = 'stay';
  #tenure: Tenure | undefined;
  #leaseTimer: NodeJS.Timeout | undefined;
  #reconnector: Reconnector | undefined;

  /** Use `join`. */
  constructor() {
    super();
    // Every lead() and untilRank() listens.
    this.setMaxListeners(0);
    this.#executor = new Executor({
      send: result => this.#sendResult(result),
      executed: execution => this.emit('executed', execution),
      nowMs: () => performance.now(),
      frameBytesMax: () => this.#seat?.welcome.frameBytesMax ?? Number.POSITIVE_INFINITY,
    });
  }

  get #seat(): Seat | undefined {
    return this.#standing.kind === 'seated' ? this.#standing.seat : undefined;
  }

  /** The seat while this member may act on its rank. */
  get #acting(): Seat | undefined {
    const seat = this.#seat;
    return seat !== undefined && this.#suspensionOf(seat) === undefined ? seat : undefined;
  }

  /** 0 is the highest. Undefined while this member may not act on it. */
  get rank(): number | undefined {
    return this.#acting?.rank;
  }

  /** First in line: the leader as soon as today's goes. */
  get next(): boolean {
    return this.rank === 1;
  }

  /** How many members the group has, as last told. */
  get size(): number | undefined {
    return this.#seat?.size;
  }

  /** The smallest number that was free on admission; stays while the member does. */
  get slot(): number | undefined {
    return this.#seat?.welcome.slot;
  }

  /** Named for life; a member that comes back afresh has another. */
  get member(): string | undefined {
    return this.#seat?.welcome.member;
  }

  get name(): string | undefined {
    return this.#seat?.welcome.name;
  }

  get group(): string | undefined {
    return this.#seat?.welcome.group;
  }

  /** Who has rank 0, as last told. */
  get leader(): Leader | undefined {
    return this.#seat?.leader;
  }

  /** The fencing token while this member is rank 0 and may act on it. */
  get fence(): Fence | undefined {
    return this.#acting?.fence;
  }

  /** Is it over for good? */
  get isClosed(): boolean {
    return this.#standing.kind === 'closed';
  }

  /** What takes back its seat, where there is one to take back (R-JOIN-6). */
  get claim(): SeatClaim | undefined {
    return this.#tenure?.claim;
  }

  /** Executes the command of this name from now on; returns what takes the handler back. */
  handle<K extends CommandName<C>>(name: K, handler: HandlerOf<C, K>): () => void {
    return this.#executor.handle(name, handler);
  }

  /**
   * Orders members below to do something; resolves with how each of them ended.
   * @throws RankdError the receipt's code where nobody may execute it; OUTCOME_UNKNOWN where the session ends first;
   *   NOT_CONNECTED; ABORTED; BAD_ARGUMENT and PAYLOAD_TOO_LARGE without sending anything
   */
  async command<K extends CommandName<C>>(name: K, ...[args, options]: OrderOf<C, K>): Promise<Sheet> {
    return this.#orders.send(name, args, options);
  }

  /** The same, and each recipient's result as it comes. Ends with the outcome; throws what `command` throws. */
  stream<K extends CommandName<C>>(
    name: K,
    ...[args, options]: OrderOf<C, K>
  ): AsyncIterable<CommandResult<ValueOf<C, K>>> {
    return this.#orders.stream(name, args, options) as AsyncIterable<CommandResult<ValueOf<C, K>>>;
  }

  /**
   * Runs `work` whenever this member is rank 0, once a term, one at a time. Its signal is aborted, and reads so by the
   * clock, before anybody else leads; `fence` is for whoever guards what it writes to. Resolves when the membership is over.
   * @throws what `work` throws while it leads; RankdError ABORTED
   */
  async lead(work: Work, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const leading = new Leading(this, work);
    this.#leading.add(leading);
    try {
      await leading.run(options.signal);
    } finally {
      this.#leading.delete(leading);
    }
  }

  /** Resolves once its rank is `rank` or a smaller number. @throws RankdError ABORTED; NOT_CONNECTED once it is over */
  async untilRank(rank: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await untilHolds(this, () => this.rank !== undefined && this.rank <= rank, options.signal);
  }

  /**
   * Stops acting on its rank, lets what leads come to its end for one heartbeat at most, says goodbye and stays away: those
   * below are promoted at once.
   */
  async leave(): Promise<void> {
    this.#intent = 'leave';
    this.#tellStanding();
    if (this.#seat !== undefined) await this.#workEnded(this.#seat);
    await this.#reconnector?.stop();
    this.close(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  /** For `join`: who brings this membership back. */
  keptBy(reconnector: Reconnector): void {
    this.#reconnector = reconnector;
  }

  /** For the reconnector: asks for a seat on a new link; resolves when the session is over, with why. */
  async sit(link: Link, hello: HelloMessage): Promise<RankdError> {
    const helloSentAtMs = performance.now();
    return new Promise(resolve => {
      link.start(hello, {
        welcomed: welcome => this.#seated(link, welcome, helloSentAtMs),
        took: (message, arrivedAtMs) => {
          if (message.type === 'waiting') this.#waits(message, link, helloSentAtMs);
          else this.#take(message, arrivedAtMs);
        },
        ended: error => {
          this.#unseat(error);
          resolve(error);
        },
      });
    });
  }

  /** For the reconnector: it is over for good. */
  close(error: RankdError | undefined): void {
    if (this.isClosed) return;
    this.#standing = { kind: 'closed' };
    clearTimeout(this.#leaseTimer);
    this.#loseTenure();
    this.#orders.abandon(new RankdError('OUTCOME_UNKNOWN'));
    this.emit('closed', { error });
  }

  #seated(link: Link, welcome: WelcomeMessage, helloSentAtMs: number): void {
    // Its goodbye is on the way: whoever is behind it may have been told that it leads.
    if (this.#intent === 'leave') return;
    const lease = this.#standing.kind === 'waiting' ? this.#standing.lease : new Lease(helloSentAtMs, welcome);
    if (!welcome.resumed) this.#loseTenure();
    const tenure = this.#tenure ?? new Tenure(welcome);
    const seat = new Seat(link, lease, welcome, tenure.fenceIn(welcome.epoch));
    tenure.seated(seat);
    this.#tenure = tenure;
    this.#standing = { kind: 'seated', seat };
    this.#tidings.seated(welcome);
    for (const result of tenure.takeKept()) this.#sendResult(result);
    this.#watchLease();
  }

  #unseat(error: RankdError): void {
    clearTimeout(this.#leaseTimer);
    if (this.#seat !== undefined) this.#tenure?.unseated(this.#seat);
    if (!this.isClosed) this.#standing = { kind: 'outside' };
    this.#tidings.unseated();
    if (!error.retry) this.#loseTenure();
    this.#orders.abandon(new RankdError('OUTCOME_UNKNOWN', error.code));
  }

  #loseTenure(): void {
    this.#tenure?.lose();
    this.#tenure = undefined;
  }

  /** R-CMD-8: a result is sent by the member that was given the command, never in another epoch. */
  #sendResult(result: ReadyResult): void {
    const seat = this.#seat;
    if (seat === undefined) {
      this.#tenure?.keep(result);
      return;
    }
    const { member, epoch } = seat.welcome;
    const isOurs = result.giver.member === member && result.giver.epoch === epoch;
    if (isOurs && performance.now() < result.expiresAtMs) seat.link.send(result.message, result.value);
  }

  #waits(message: WaitingMessage, link: Link, helloSentAtMs: number): void {
    if (this.#standing.kind === 'outside') {
      this.#standing = { kind: 'waiting', link, lease: new Lease(helloSentAtMs, message) };
    }
    this.emit('waiting', { position: message.position, of: message.of });
    this.#watchLease();
  }

  #take(message: Exclude<SessionMessage, WaitingMessage>, arrivedAtMs: number): void {
    if (message.type === 'ping') {
      this.#pong(message);
      return;
    }
    const seat = this.#seat;
    if (seat === undefined) return;
    switch (message.type) {
      case 'view':
        this.#viewed(seat, message);
        return;
      case 'yield':
        void this.#yield(seat);
        return;
      case 'command':
        this.#execute(seat, message, arrivedAtMs);
        return;
      case 'receipt':
      case 'result':
      case 'outcome':
        this.#orders.take(message);
        return;
      case 'pong':
      case 'roster':
      case 'history':
      case 'error':
        return;
      default:
        // A message of a later protocol is not for this library.
        message satisfies never;
    }
  }

  #execute(seat: Seat, command: DeliveredCommandMessage, arrivedAtMs: number): void {
    const { member, epoch } = seat.welcome;
    const suspended = !seat.lease.holds(performance.now());
    const seatLost = this.#tenure?.lost ?? AbortSignal.abort();
    const giver = { member, epoch };
    void this.#executor.execute({ command, giver, ownRank: seat.rank, arrivedAtMs, suspended, seatLost });
  }

  #pong({ n, seen }: ServerPingMessage): void {
    const held = this.#held;
    if (held === undefined) return;
    // Of a lease that ran out listeners hear even where this ping renews it: work that saw it has ended.
    this.#tellStanding();
    held.lease.pinged(n, seen, performance.now());
    held.link.send({ type: 'pong', n });
    this.#watchLease();
  }

  #viewed(seat: Seat, view: ViewMessage): void {
    seat.viewed(view);
    this.#tidings.viewed(view);
    this.#tellStanding();
  }

  /** R-LEAD-2: stops, lets what leads come to its end, then says so, unless it has been told to act again meanwhile. */
  async #yield(seat: Seat): Promise<void> {
    const ask = seat.yield();
    this.#tellStanding();
    await this.#workEnded(seat);
    if (this.#seat === seat && seat.owesAnswer(ask)) seat.link.send({ type: 'yielded' });
  }

  /** Work whose signal has been aborted has a heartbeat's time to end: less than a coordinator waits for it. */
  async #workEnded({ welcome }: Seat): Promise<void> {
    const ended = Promise.allSettled([...this.#leading].map(leading => leading.running));
    const patience = new AbortController();
    const { signal } = patience;
    await Promise.race([ended, sleep(welcome.heartbeatMs, undefined, { ref: false, signal }).catch(() => undefined)]);
    patience.abort();
  }

  #suspensionOf(seat: Seat): Suspension | undefined {
    if (this.#intent === 'leave') return 'leave';
    if (seat.acts(performance.now())) return undefined;
    return seat.isYielding ? 'yield' : 'silence';
  }

  #tellStanding(): void {
    const seat = this.#seat;
    if (seat !== undefined) this.#tidings.look(seat.rank, this.#suspensionOf(seat));
  }

  /** What is kept up by pings: a seat, or a place on the waitlist. */
  get #held(): { readonly link: SeatLink; readonly lease: Lease } | undefined {
    const standing = this.#standing;
    if (standing.kind === 'seated') return standing.seat;
    return standing.kind === 'waiting' ? standing : undefined;
  }

  /** Tells once of a lease that ran out, and gives the session up once it is lost; reading `rank` needs no timer. */
  #watchLease(): void {
    clearTimeout(this.#leaseTimer);
    const held = this.#held;
    if (held === undefined) return;
    const { link, lease } = held;
    const nowMs = performance.now();
    // Timers count whole milliseconds and may be early by a part of one, so each one looks at the clock again.
    const nextMs = Math.ceil((lease.holds(nowMs) ? lease.endsAtMs : lease.lostAtMs) - nowMs);
    if (nextMs > 0) this.#leaseTimer = setTimeout(() => this.#watchLease(), nextMs);
    this.#tellStanding();
    if (nextMs <= 0) link.end(new RankdError('HEARTBEAT_TIMEOUT'));
  }
}
