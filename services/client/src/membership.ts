import { EventEmitter } from 'node:events';
import type { Leader } from '@rankd/protocol';
import type { AnyCommands, CommandName, CommandsOf, HandlerOf, OrderOf, ValueOf } from './commands/command-types.js';
import type { CommandResult, Sheet } from './commands/sheet.js';
import type { MembershipEvents } from './events.js';
import { waitUntil, type Work } from './leadership/leadership.js';
import type { MembershipCore } from './membership-core.js';
import type { PartitionHandlers, PartitionOptions, Partitions } from './partitions/partitions.js';
import type { Fence } from './session/seat.js';

/**
 * This process as a member of a group. Every answer about its rank is for the moment at which it is asked: it is undefined
 * while there is no session, while the coordinator has not been heard for `suspendMs` (R-LEAD-3), while it yields
 * (R-LEAD-2), and as soon as it leaves.
 */
export class Membership<C extends CommandsOf<C> = AnyCommands> extends EventEmitter<MembershipEvents> {
  readonly #core: MembershipCore<C>;

  /** `join` creates a membership, through its core. */
  constructor(core: MembershipCore<C>) {
    super();
    this.#core = core;
    // Every lead() and untilRank() listens.
    this.setMaxListeners(0);
  }

  /** 0 is the highest. Undefined while this member may not act on it. */
  get rank(): number | undefined {
    return this.#core.state.acting?.rank;
  }

  /** First in line: the leader as soon as today's goes. */
  get next(): boolean {
    return this.rank === 1;
  }

  /** How many members the group has, as last told. */
  get size(): number | undefined {
    return this.#core.state.seat?.size;
  }

  /** The smallest number that was free on admission; stays while the member does. */
  get slot(): number | undefined {
    return this.#core.state.seat?.welcome.slot;
  }

  /** Named for life; a member that comes back afresh has another. */
  get member(): string | undefined {
    return this.#core.state.seat?.welcome.member;
  }

  /** As it joined, or as the server named it. */
  get name(): string | undefined {
    return this.#core.state.seat?.welcome.name;
  }

  /** The group that it is a member of. */
  get group(): string | undefined {
    return this.#core.state.seat?.welcome.group;
  }

  /** Who has rank 0, as last told. */
  get leader(): Leader | undefined {
    return this.#core.state.seat?.leader;
  }

  /** The fencing token while this member is rank 0 and may act on it. */
  get fence(): Fence | undefined {
    return this.#core.state.acting?.fence;
  }

  /** Is it over for good? */
  get isClosed(): boolean {
    return this.#core.state.isClosed;
  }

  /** Executes the command of this name from now on; returns what takes the handler back. */
  handle<K extends CommandName<C>>(name: K, handler: HandlerOf<C, K>): () => void {
    return this.#core.executor.setHandler(name, handler);
  }

  /**
   * Orders members below to do something; resolves with how each of them ended.
   * @throws RankdError the receipt's code where nobody may execute it; OUTCOME_UNKNOWN where the session ends first;
   *   NOT_CONNECTED; ABORTED; BAD_ARGUMENT and PAYLOAD_TOO_LARGE without sending anything
   */
  async command<K extends CommandName<C>>(name: K, ...[args, options]: OrderOf<C, K>): Promise<Sheet> {
    return this.#core.commands.send(name, args, options);
  }

  /** The same, and each recipient's result as it comes. Ends with the outcome; throws what `command` throws. */
  stream<K extends CommandName<C>>(
    name: K,
    ...[args, options]: OrderOf<C, K>
  ): AsyncIterable<CommandResult<ValueOf<C, K>>> {
    return this.#core.commands.stream(name, args, options) as AsyncIterable<CommandResult<ValueOf<C, K>>>;
  }

  /**
   * Runs `work` whenever this member is rank 0, once a term, one at a time. Its signal is aborted, and reads so by the
   * clock, before anybody else leads; `fence` is for whoever guards what it writes to. Resolves when the membership is over.
   * @throws what `work` throws while it leads; RankdError ABORTED
   */
  async lead(work: Work, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#core.leadership.lead(work, options.signal);
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
    return this.#core.addPartitions(count, handlers, options);
  }

  /** Resolves once its rank is `rank` or a smaller number. @throws RankdError ABORTED; NOT_CONNECTED once it is over */
  async untilRank(rank: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await waitUntil(this, () => this.rank !== undefined && this.rank <= rank, options.signal);
  }

  /**
   * Stops acting on its rank, lets what leads come to its end for one heartbeat at most, gives up its partitions for
   * `handoverMs` at most, says goodbye and stays away: those below are promoted at once.
   */
  async leave(): Promise<void> {
    await this.#core.leave();
  }

  /** `await using`: leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }
}
