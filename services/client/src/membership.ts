import { EventEmitter } from 'node:events';
import type { HelloMessage, Leader } from '@rankd/protocol';
import type { MembershipEvents } from './events.js';
import { systemClock } from './clock.js';
import type { AnyCommands, CommandName, CommandsOf, HandlerOf, OrderOf, ValueOf } from './commands/command-types.js';
import { CommandExecutor } from './commands/command-executor.js';
import { Leadership } from './leadership/leadership.js';
import { untilHolds, type Work } from './leadership/leadership-loop.js';
import type { Connection } from './connection/connection.js';
import { silentLogger, type Logger } from './logger.js';
import { CommandSender } from './commands/command-sender.js';
import { PartitionAssignments } from './partitions/partition-assignments.js';
import type { PartitionHandlers, PartitionOptions, Partitions } from './partitions/partitions.js';
import { RankdError } from './rankd-error.js';
import type { Fence, SeatClaim } from './session/seat.js';
import type { CommandResult, Sheet } from './commands/sheet.js';
import { MemberSession } from './session/member-session.js';
import { MemberState } from './session/member-state.js';
import { EventNotifier, type Interest } from './session/event-notifier.js';

/** What keeps a membership in touch with a coordinator; `join` makes it. */
export interface Reconnector {
  /** Stops trying; says goodbye where there is a session. */
  stop(): Promise<void>;
  /** Takes its seat on another session, with a hello of now, before it lets go of the one that it has. */
  renew(): void;
}

/** What a membership is made with. */
export interface MembershipOptions {
  /** What of a view `rank` events tell. */
  readonly interest?: Interest | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * This process as a member of a group. Every answer about its rank is for the moment at which it is asked: it is undefined
 * while there is no session, while the coordinator has not been heard for `suspendMs` (R-LEAD-3), while it yields
 * (R-LEAD-2), and as soon as it leaves.
 */
export class Membership<C extends CommandsOf<C> = AnyCommands> extends EventEmitter<MembershipEvents> {
  readonly #standing: MemberState;
  readonly #partitioning: PartitionAssignments;
  readonly #orders = new CommandSender(() => this.#standing.seat);
  readonly #leadership = new Leadership(this);
  readonly #executor: CommandExecutor;
  #reconnector: Reconnector | undefined;

  /**
   * Use `join`.
   * @internal
   */
  constructor({ interest = 'rank', logger = silentLogger }: MembershipOptions = {}) {
    super();
    this.#standing = new MemberState(new EventNotifier(this, interest), systemClock);
    this.#partitioning = new PartitionAssignments(systemClock, logger);
    // Every lead() and untilRank() listens.
    this.setMaxListeners(0);
    this.#executor = new CommandExecutor({
      send: result => this.#standing.sendResult(result),
      executed: execution => this.emit('executed', execution),
      nowMs: () => performance.now(),
      frameBytesMax: () => this.#standing.seat?.welcome.frameBytesMax ?? Number.POSITIVE_INFINITY,
    });
  }

  /** 0 is the highest. Undefined while this member may not act on it. */
  get rank(): number | undefined {
    return this.#standing.acting?.rank;
  }

  /** First in line: the leader as soon as today's goes. */
  get next(): boolean {
    return this.rank === 1;
  }

  /** How many members the group has, as last told. */
  get size(): number | undefined {
    return this.#standing.seat?.size;
  }

  /** The smallest number that was free on admission; stays while the member does. */
  get slot(): number | undefined {
    return this.#standing.seat?.welcome.slot;
  }

  /** Named for life; a member that comes back afresh has another. */
  get member(): string | undefined {
    return this.#standing.seat?.welcome.member;
  }

  /** As it joined, or as the server named it. */
  get name(): string | undefined {
    return this.#standing.seat?.welcome.name;
  }

  /** The group that it is a member of. */
  get group(): string | undefined {
    return this.#standing.seat?.welcome.group;
  }

  /** Who has rank 0, as last told. */
  get leader(): Leader | undefined {
    return this.#standing.seat?.leader;
  }

  /** The fencing token while this member is rank 0 and may act on it. */
  get fence(): Fence | undefined {
    return this.#standing.acting?.fence;
  }

  /** Is it over for good? */
  get isClosed(): boolean {
    return this.#standing.isClosed;
  }

  /**
   * What takes back its seat, where there is one to take back (R-JOIN-6).
   * @internal
   */
  get claim(): SeatClaim | undefined {
    return this.#standing.claim;
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
    await this.#leadership.lead(work, options.signal);
  }

  /**
   * Divides the partitions 0 … count-1 among the members of the group: this member's share goes through `handlers` from now
   * on, until it leaves. Every member divides in the same way, by rendezvous hashing over the roster, so each has about
   * count/size of them, and when one comes or goes only the partitions that must move do.
   *
   * One that goes from a member that is there to a newcomer is first `release`d, which may take `handoverMs`. The newcomer
   * acquires it `handoverMs` + `suspendMs` (of the server, 4500 ms unless set) after it was admitted, or at once where the
   * loser leaves before. One whose holder has left goes to the next at once; where the server put that holder out
   * (REMOVED, SLOW_CONSUMER), after `suspendMs`, by when it has stopped. An away member keeps its partitions (R-VIEW-4).
   * While this member does not hear the coordinator (R-LEAD-3), or is disconnected, it holds none: `lost` is called.
   *
   * Two members never hold one partition, however late frames come: this relies on clocks that run at the same speed, and on
   * a loser that stops when it is told. It does not cover a proxy that closes only one end, a server that was started anew
   * without a store, nor the instant between a look at `signal` and what is done after it: there, `fence` is what
   * whoever is written to refuses an older one by. docs/partitions.md has it all.
   *
   * Every member of the group has to take part, with the same `count` and `handoverMs`: what falls to one that does not is
   * held by nobody. May be called more than once, and in `prepare`. A session that was not begun with `updates: 'roster'` is
   * replaced by one that is; commands of this member that are open then end with OUTCOME_UNKNOWN.
   * @param count 1 to 65 536
   * @throws RankdError BAD_ARGUMENT
   */
  partitions(count: number, handlers: PartitionHandlers, options: PartitionOptions = {}): Partitions {
    const partitions = this.#partitioning.add(count, handlers, options);
    if (this.#standing.seat !== undefined && !this.#partitioning.isTold) this.#reconnector?.renew();
    return partitions;
  }

  /** Resolves once its rank is `rank` or a smaller number. @throws RankdError ABORTED; NOT_CONNECTED once it is over */
  async untilRank(rank: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await untilHolds(this, () => this.rank !== undefined && this.rank <= rank, options.signal);
  }

  /**
   * Stops acting on its rank, lets what leads come to its end for one heartbeat at most, gives up its partitions for
   * `handoverMs` at most, says goodbye and stays away: those below are promoted at once.
   */
  async leave(): Promise<void> {
    this.#standing.leave();
    const { seat } = this.#standing;
    const left = this.#partitioning.left();
    if (seat !== undefined) await this.#leadership.ended(seat.welcome.heartbeatMs);
    await left;
    await this.#reconnector?.stop();
    this.close(undefined);
  }

  /** `await using`: leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  /**
   * For `join`: who brings this membership back.
   * @internal
   */
  keptBy(reconnector: Reconnector): void {
    this.#reconnector = reconnector;
  }

  /**
   * For the reconnector: asks for a seat on a new link; resolves when the session is over, with why.
   * @internal
   */
  async sit(link: Connection, hello: HelloMessage, seated: () => void): Promise<RankdError> {
    const parts = {
      standing: this.#standing,
      orders: this.#orders,
      executor: this.#executor,
      leadership: this.#leadership,
      partitioning: this.#partitioning,
    };
    const greeting = { link, helloSentAtMs: performance.now() };
    const { claim } = this;
    const wanted: HelloMessage = {
      ...hello,
      ...(claim === undefined ? {} : { resume: claim }),
      ...(this.#partitioning.isWanted ? { updates: 'roster' } : {}),
    };
    return new Promise(over => {
      link.start(wanted, new MemberSession(parts, greeting, wanted, { seated, over }));
    });
  }

  /**
   * For the reconnector: it is over for good.
   * @internal
   */
  close(error: RankdError | undefined): void {
    if (this.isClosed) return;
    this.#standing.close();
    this.#orders.abandon(new RankdError('OUTCOME_UNKNOWN'));
    this.emit('closed', { error });
  }
}
