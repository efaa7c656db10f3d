/** The public class of the library: a process as a member of a group. */

import { EventEmitter } from 'node:events';
import type { Leader } from '@rankd/protocol';
import { checkArgument, checkOptions } from './arguments/check-argument.js';
import { checkListeners } from './arguments/check-listeners.js';
import { commandNameRule, functionRule, rankRule, waitRules } from './arguments/rules.js';
import type { CommandContext } from './commands/command-executor.js';
import type {
  AnyCommands,
  CommandName,
  CommandsOf,
  HandlerOf,
  OrderOf,
  ValueOf,
} from './commands/declared-commands.js';
import type { CommandResult, Sheet } from './commands/sheet.js';
import { membershipEvents, type MembershipEvents } from './events.js';
import { waitUntil, type Work } from './leadership/leadership.js';
import type { MembershipCore } from './membership-core.js';
import type { Roster } from './observer/pending-queries.js';
import type { PartitionHandlers, PartitionOptions, Partitions } from './partitions/partition-types.js';
import { RankdError } from './rankd-error.js';
import type { Fence, SeatClaim } from './session/seat.js';
import { serverFactsOf, type ServerFacts } from './session/server-facts.js';

/**
 * This process as a member of a group. `join` returns it.
 *
 * `rank` and `fence` are valid only at the moment at which they are read. They are undefined while the member must not act on its rank:
 * while it has no session, while the server asks it to yield (R-LEAD-2), while it resigns, and as soon as it leaves. The same is true after
 * `suspendMs` without an acknowledged heartbeat (R-LEAD-3). `suspendMs` is a setting of the server, 4500 by default.
 */
export class Membership<C extends CommandsOf<C> = AnyCommands> extends EventEmitter<MembershipEvents> {
  readonly #core: MembershipCore<C>;

  /** @internal */
  constructor(core: MembershipCore<C>) {
    super();
    this.#core = core;
    // Every call of `lead` and `untilRank` adds listeners. Node warns from 11 on.
    this.setMaxListeners(0);
    checkListeners<MembershipEvents>(this, membershipEvents);
  }

  /** The rank of this member. 0 leads. Undefined while the member must not act on its rank. */
  get rank(): number | undefined {
    return this.#core.state.acting?.rank;
  }

  /** Whether this member has rank 1: it is the next leader. */
  get next(): boolean {
    return this.rank === 1;
  }

  /**
   * The number of members of the group, this one included. It follows joins and departures at most 200 ms late (with `updates: 'rank'`
   * only when the rank or the leader changes too). The event `size` reports its changes. Undefined while the member has no session.
   */
  get size(): number | undefined {
    return this.#core.state.seat?.size;
  }

  /**
   * A number from 0 that no other member of the group has. It is the smallest one that was free when this member was admitted,
   * and it stays the same while the member is in the group. Undefined while the member has no session.
   */
  get slot(): number | undefined {
    return this.#core.state.seat?.welcome.slot;
  }

  /**
   * The id that the server gave to this member. It stays the same while the member is in the group. A member that loses its seat
   * and joins again gets a new id. Undefined while the member has no session.
   */
  get member(): string | undefined {
    return this.#core.state.seat?.welcome.member;
  }

  /** The name from the options, or the name that the server chose. Undefined while the member has no session. */
  get name(): string | undefined {
    return this.#core.state.seat?.welcome.name;
  }

  /** The name of the group. Undefined while the member has no session. */
  get group(): string | undefined {
    return this.#core.state.seat?.welcome.group;
  }

  /** The member with rank 0, as the server last sent it. Undefined while the member has no session. */
  get leader(): Leader | undefined {
    return this.#core.state.seat?.leader;
  }

  /**
   * The fencing token: the epoch and the view in which this member became the leader. Undefined unless this member has rank 0 and
   * may act on it. A resource that remembers the largest fence can refuse an earlier leader.
   */
  get fence(): Fence | undefined {
    return this.#core.state.acting?.fence;
  }

  /**
   * When this member must have stopped acting on its rank, unless a heartbeat renews the lease before: ms of the monotonic clock of
   * `performance.now()`. For another process of this machine, add `Number(process.hrtime.bigint()) / 1e6 - performance.now()`: the result
   * is a reading of CLOCK_MONOTONIC. After a request to yield, and while the member resigns or leaves, nothing renews it. The event `lease`
   * reports each change. While the member is suspended, this time is in the past. Undefined while the member has no session: it must not
   * act then.
   */
  get leaseEndsAt(): number | undefined {
    return this.#core.state.seat?.leaseEndsAtMs;
  }

  /** The epoch and the number of the last view, as the server sent them. Undefined while the member has no session. */
  get view(): Fence | undefined {
    return this.#core.state.seat?.lastView;
  }

  /** The features, times and limits of the server of the session. Undefined while the member has no session. */
  get server(): ServerFacts | undefined {
    const { seat } = this.#core.state;
    return seat === undefined ? undefined : serverFactsOf(seat.welcome);
  }

  /**
   * The claim to the seat of this member. A later process passes it to the option `resume` of `join`, to take the seat over. Each welcome
   * brings another claim: `keepClaim` of `join` receives each in time. Undefined before the first welcome, after `leave`, and when the
   * server has ended the membership. After `close` it is the claim to the seat that the server still holds.
   */
  get claim(): SeatClaim | undefined {
    return this.#core.state.claim;
  }

  /** Whether the membership is closed. A closed membership does not reconnect. Call `join` again. */
  get isClosed(): boolean {
    return this.#core.state.isClosed;
  }

  /**
   * Asks the server for the members of the group, by rank (R-ASK-1).
   * @throws RankdError NOT_CONNECTED if there is no session, or if it ends first; RATE_LIMITED after more than 10 queries in a second
   */
  async roster(): Promise<Roster> {
    return this.#core.queryRoster();
  }

  /**
   * Sets the handler for commands of this name. It replaces an earlier handler. Returns a function that removes the handler.
   *
   * A handler is called once for each command (R-CMD-9). A command without a handler has the result `refused`, NO_HANDLER. A handler that
   * throws has the result `failed`: with the code of a RankdError, otherwise with HANDLER_FAILED. If the returned value is not valid as
   * `args` of `command`, the result is `failed` with BAD_ARGUMENT.
   *
   * The handler receives the arguments as JSON.parse reads them. So an integer beyond 2^53 is rounded, and `1E400` is Infinity. Keys that
   * look like integers come first. If a key is repeated, its last value counts. Send large integers as strings, or read `argsJson` of the
   * event `executed`. The server passes the text of arguments and results on unchanged.
   * @throws RankdError BAD_ARGUMENT; NOT_CONNECTED after `leave`
   */
  handle<K extends CommandName<C>>(name: K, handler: HandlerOf<C, K>): () => void {
    checkArgument('the name of the command', name, commandNameRule);
    checkArgument('the handler', handler, functionRule);
    if (this.#core.state.isOver) throw new RankdError('NOT_CONNECTED');
    return this.#core.setHandler(name, handler);
  }

  /**
   * Sets the handler for commands that have no handler of their own, as `handle` does. The handler reads the name of the command from its
   * context. It replaces an earlier one. Returns a function that removes it.
   * @throws RankdError BAD_ARGUMENT; NOT_CONNECTED after `leave`
   */
  handleOthers(handler: (args: never, context: CommandContext) => unknown): () => void {
    checkArgument('the handler', handler, functionRule);
    if (this.#core.state.isOver) throw new RankdError('NOT_CONNECTED');
    return this.#core.setOtherHandler(handler);
  }

  /**
   * Sends a command to subordinates: members with larger rank numbers. Resolves when every recipient has answered, left or expired, at the
   * latest 100 ms after the deadline (R-CMD-7).
   * @param name 1 to 64 of the characters A-Z a-z 0-9 . _ -
   * @param args the arguments of the command, then its options. The arguments are any JSON value of at most 64 512 bytes: the server's
   * RANKD_FRAME_BYTES_MAX, 65 536 by default, less 1024. The library writes them as JSON.stringify does: it calls `toJSON`, writes a Date
   * as its text, and leaves out a field that is undefined. What JSON cannot express is BAD_ARGUMENT, at any depth: functions, symbols, Map,
   * Set, NaN, Infinity, BigInt, cycles, and undefined in a list. A key `__proto__` and more than 31 levels are BAD_ARGUMENT too
   * @throws RankdError before anything is sent: BAD_ARGUMENT, PAYLOAD_TOO_LARGE, NOT_CONNECTED if there is no session; the code of the
   * receipt if the server accepts the command for no member, for example OUTRANKED, NO_SUCH_TARGET, NO_RECIPIENTS or RATE_LIMITED;
   * OUTCOME_UNKNOWN if the session ends first, with the `results` that had arrived; ABORTED if `signal` is aborted
   */
  async command<K extends CommandName<C>>(name: K, ...[args, options]: OrderOf<C, K>): Promise<Sheet<ValueOf<C, K>>> {
    return this.#core.commands.send(name, args, options) as Promise<Sheet<ValueOf<C, K>>>;
  }

  /**
   * Sends a command as `command` does, and returns each recipient's result when it arrives. The iteration ends when every recipient
   * has answered, left or expired. It throws the errors of `command`.
   * @param name 1 to 64 of the characters A-Z a-z 0-9 . _ -
   * @param args the arguments of the command, then its options, as for `command`
   */
  stream<K extends CommandName<C>>(
    name: K,
    ...[args, options]: OrderOf<C, K>
  ): AsyncIterable<CommandResult<ValueOf<C, K>>> {
    return this.#core.commands.stream(name, args, options) as AsyncIterable<CommandResult<ValueOf<C, K>>>;
  }

  /**
   * Runs `work` each time this member gets rank 0. Resolves when the membership is closed.
   *
   * The signal of `work` is aborted before any other member leads, with a RankdError LEADERSHIP_LOST as its reason. Reading `aborted`
   * checks the clock. While the work stops, no other member leads: the answer to a request to yield, `resign`, `leave` and `close` wait for
   * the promise of `work`, at most until `leaseEndsAt`. The work must have stopped before `leaseEndsAt`. One call never runs `work` twice
   * at the same time: the next leadership waits until the last `work` has ended. Pass `fence` to the resources that `work` writes to, so
   * that they can refuse an earlier leader.
   * @param options `signal` ends the call: the work is aborted, and `lead` rejects with ABORTED after the work has ended
   * @throws the error of `work`, if it throws while this member leads; RankdError ABORTED; BAD_ARGUMENT
   */
  async lead(work: Work, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkArgument('the work', work, functionRule);
    checkOptions('lead', options, waitRules);
    await this.#core.lead(work, options.signal);
  }

  /**
   * Divides the partitions 0 … count-1 among the members of the group. Calls `handlers` for the partitions of this member until it leaves.
   *
   * Every member computes the same division, by rendezvous hashing over the members' ids. Each has about count/size partitions. When a
   * member joins or leaves, only the partitions that must move get another owner.
   *
   * When a member joins, the library calls `release` at the old owners of the partitions that move to the new member. `release` may take
   * `handoverMs`. The new member acquires these partitions `handoverMs` + `suspendMs` after its admission (`suspendMs` is a setting of the
   * server, 4500 by default). If the old owner leaves earlier, the new member acquires the partition earlier, but not before `suspendMs`.
   * When an owner leaves, its partitions move at once. If the server removed the owner (REMOVED, SLOW_CONSUMER), they move after
   * `suspendMs`, because the owner stops within that time.
   *
   * When a member is suspended (R-LEAD-3) or loses its connection, the library calls `lost` for all of its partitions. While it is away
   * (R-VIEW-4), no other member acquires them.
   *
   * Two members never own one partition at the same time, however late frames arrive. This assumes clocks that run at the same speed, and
   * an old owner that stops when `release` or `lost` is called. Three cases are not covered: a proxy that closes only one end of a
   * connection, a server that was restarted without Redis, and the moment between a check of `signal` and the next action. For these cases
   * resources must refuse an older `fence`. docs/partitions.md has the details.
   *
   * Every member of the group must call `partitions` with the same `count` and `handoverMs`: the share of a member that does not call it
   * has no owner. A member may call `partitions` several times, and in `prepare`. If the session does not have `updates: 'roster'`, the
   * library replaces it by a session with this setting. This member's open commands then end with OUTCOME_UNKNOWN.
   * @param count the number of partitions, 1 to 65 536
   * @throws RankdError BAD_ARGUMENT if `count` or `handoverMs` is outside its range, or `acquire` is missing; NOT_CONNECTED after `leave`
   */
  partitions(count: number, handlers: PartitionHandlers, options: PartitionOptions = {}): Partitions {
    return this.#core.addPartitions(count, handlers, options);
  }

  /**
   * Resolves when this member has rank `rank` or a smaller one, and may act on it.
   * @param options `signal` ends the wait
   * @throws RankdError ABORTED if `signal` is aborted; NOT_CONNECTED if the membership is closed; BAD_ARGUMENT
   */
  async untilRank(rank: number, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkArgument('rank', rank, rankRule);
    checkOptions('untilRank', options, waitRules);
    await waitUntil(this.#core.changes, () => this.rank !== undefined && this.rank <= rank, options.signal);
  }

  /**
   * Gives up the rank and stays in the group: the member goes behind the last present member, with its session and its slot (R-RESIGN-1).
   * It suspends itself and waits for its `lead` work to end, at most until `leaseEndsAt`. Resolves when it has its new rank and may act on
   * it. If no other member is present, it keeps its rank.
   * @throws RankdError UNSUPPORTED if the server does not have the feature `resign`; NOT_CONNECTED if there is no session, or if it ends
   *   before the answer
   */
  async resign(): Promise<void> {
    await this.#core.resignation.resign();
  }

  /**
   * Leaves the group and closes the membership. The member suspends itself. It waits for its `lead` work to end, at most until
   * `leaseEndsAt`, and for its partitions to be released, at most `handoverMs`. Then it sends `leave`, and its subordinates move up. Does
   * not throw.
   */
  async leave(): Promise<void> {
    await this.#core.end('leave');
  }

  /**
   * Closes the membership without a goodbye. Waits as `leave` does. Then the server holds the seat for RANKD_GRACE_MS (0 by default: not at
   * all), and a later process can take it back with `claim`. Does not throw.
   */
  async close(): Promise<void> {
    await this.#core.end('close');
  }

  /** Calls `leave` at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }
}
