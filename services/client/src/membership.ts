import { EventEmitter } from 'node:events';
import type { Leader } from '@rankd/protocol';
import type {
  AnyCommands,
  CommandName,
  CommandsOf,
  HandlerOf,
  OrderOf,
  ValueOf,
} from './commands/declared-commands.js';
import type { CommandResult, Sheet } from './commands/sheet.js';
import type { MembershipEvents } from './events.js';
import { waitUntil, type Work } from './leadership/leadership.js';
import type { MembershipCore } from './membership-core.js';
import type { PartitionHandlers, PartitionOptions, Partitions } from './partitions/partition-types.js';
import type { Fence } from './session/seat.js';

/**
 * This process as a member of a group. `rank` and `fence` hold at the moment at which they are read. They are undefined if
 * there is no session, if the server has acknowledged no heartbeat for `suspendMs` (R-LEAD-3), if the member yields
 * (R-LEAD-2), and as soon as it leaves.
 */
export class Membership<C extends CommandsOf<C> = AnyCommands> extends EventEmitter<MembershipEvents> {
  readonly #core: MembershipCore<C>;

  /** `join` creates a membership, through its core. */
  constructor(core: MembershipCore<C>) {
    super();
    this.#core = core;
    // Every lead() and untilRank() adds a listener.
    this.setMaxListeners(0);
  }

  /** The rank of this member: 0 leads. Undefined while the member may not act on it. */
  get rank(): number | undefined {
    return this.#core.state.acting?.rank;
  }

  /** Whether this member has rank 1: it becomes the leader when the current leader goes. */
  get next(): boolean {
    return this.rank === 1;
  }

  /** The number of members of the group, in the newest view that arrived. Undefined while the member has no session. */
  get size(): number | undefined {
    return this.#core.state.seat?.size;
  }

  /** The smallest number that was free when this member was admitted. It does not change while the member stays. */
  get slot(): number | undefined {
    return this.#core.state.seat?.welcome.slot;
  }

  /**
   * The id of this member. It does not change while the member stays. A member that joins again without its seat has a new
   * id.
   */
  get member(): string | undefined {
    return this.#core.state.seat?.welcome.member;
  }

  /** The name that the member joined with, or that the server chose. */
  get name(): string | undefined {
    return this.#core.state.seat?.welcome.name;
  }

  /** The name of the group. */
  get group(): string | undefined {
    return this.#core.state.seat?.welcome.group;
  }

  /** The member with rank 0, in the newest view that arrived. */
  get leader(): Leader | undefined {
    return this.#core.state.seat?.leader;
  }

  /** The fencing token, while this member has rank 0 and may act on it. Undefined otherwise. */
  get fence(): Fence | undefined {
    return this.#core.state.acting?.fence;
  }

  /** Whether the membership is closed. A closed membership does not reconnect. */
  get isClosed(): boolean {
    return this.#core.state.isClosed;
  }

  /** Executes commands of this name with `handler` from now on. Returns a function that removes the handler. */
  handle<K extends CommandName<C>>(name: K, handler: HandlerOf<C, K>): () => void {
    return this.#core.executor.setHandler(name, handler);
  }

  /**
   * Sends a command to subordinates. Resolves with how each recipient ended (R-CMD-7).
   * @throws RankdError the receipt's code if no member may execute the command; OUTCOME_UNKNOWN if the session ends first;
   *   NOT_CONNECTED; ABORTED; BAD_ARGUMENT and PAYLOAD_TOO_LARGE, before anything is sent
   */
  async command<K extends CommandName<C>>(name: K, ...[args, options]: OrderOf<C, K>): Promise<Sheet> {
    return this.#core.commands.send(name, args, options);
  }

  /**
   * As `command`, but returns each recipient's result when it arrives. The iteration ends with the outcome, and throws what
   * `command` throws.
   */
  stream<K extends CommandName<C>>(
    name: K,
    ...[args, options]: OrderOf<C, K>
  ): AsyncIterable<CommandResult<ValueOf<C, K>>> {
    return this.#core.commands.stream(name, args, options) as AsyncIterable<CommandResult<ValueOf<C, K>>>;
  }

  /**
   * Runs `work` each time this member gets rank 0, once for each time, and never two at the same time. The signal of `work`
   * is aborted before any other member leads, and `aborted` checks the clock. Pass `fence` to the resources that `work`
   * writes to: they refuse an older one. Resolves when the membership is closed.
   * @throws what `work` throws while it leads; RankdError ABORTED
   */
  async lead(work: Work, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#core.leadership.lead(work, options.signal);
  }

  /**
   * Divides the partitions 0 … count-1 among the members of the group. `handlers` are called for this member's partitions
   * from now on, until it leaves. Every member computes the same division, by rendezvous hashing over the roster: each has
   * about count/size partitions. When a member joins or leaves, only the partitions that must move do.
   *
   * A partition that moves from a present member to a newcomer is first `release`d, which may take `handoverMs`. The newcomer
   * acquires it `handoverMs` + `suspendMs` (of the server, 4500 ms by default) after its admission, or at once if the old
   * owner leaves earlier. A partition whose owner has left moves at once. If the server removed the owner (REMOVED,
   * SLOW_CONSUMER), it moves after `suspendMs`: by then the owner has stopped. An away member keeps its partitions
   * (R-VIEW-4). A member that is suspended (R-LEAD-3) or disconnected has none: `lost` is called.
   *
   * Two members never own one partition at the same time, however late frames arrive. This needs clocks that run at the same
   * speed, and an old owner that stops when `release` or `lost` is called. It does not cover a proxy that closes only one
   * end, a server that was restarted without a store, or the moment between a check of `signal` and the next action. For
   * these cases, resources refuse an older `fence`. docs/partitions.md has the details.
   *
   * Every member of the group has to call `partitions` with the same `count` and `handoverMs`: nobody owns the partitions of
   * a member that does not. It may be called more than once, and in `prepare`. A session without `updates: 'roster'` is
   * replaced by one with it, and this member's open commands then end with OUTCOME_UNKNOWN.
   * @param count 1 to 65 536
   * @throws RankdError BAD_ARGUMENT
   */
  partitions(count: number, handlers: PartitionHandlers, options: PartitionOptions = {}): Partitions {
    return this.#core.addPartitions(count, handlers, options);
  }

  /**
   * Resolves when this member's rank is `rank` or a smaller number.
   * @throws RankdError ABORTED; NOT_CONNECTED if the membership is closed
   */
  async untilRank(rank: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await waitUntil(this, () => this.rank !== undefined && this.rank <= rank, options.signal);
  }

  /**
   * Leaves the group and closes the membership. The member suspends itself, waits at most one heartbeat for its `lead` work
   * to end and at most `handoverMs` for its partitions to be released, and sends the goodbye. Its subordinates are promoted
   * at once.
   */
  async leave(): Promise<void> {
    await this.#core.leave();
  }

  /** Leaves, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }
}
