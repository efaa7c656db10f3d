import { EventEmitter } from 'node:events';
import {
  checkClientMessage,
  encodeFrame,
  type CommandMessage,
  type HelloMessage,
  type Json,
  type Leader,
  type ServerPingMessage,
  type Target,
  type ViewMessage,
  type WelcomeMessage,
} from '@rankd/protocol';
import type { MembershipEvents } from './client-event.js';
import { CommandBook } from './command-book.js';
import { Executor, type Handler } from './executor.js';
import { Lease } from './lease.js';
import type { Link, SessionMessage } from './link.js';
import { payloadOf } from './payload.js';
import { orAborted, RankdError } from './rankd-error.js';
import { ResultQueue } from './result-queue.js';
import type { CommandResult, Sheet } from './sheet.js';

export interface CommandOptions {
  /** Whom it is aimed at; everyone below unless named. */
  readonly to?: Target;
  /** How long recipients have, ms; 5000 unless named. */
  readonly deadlineMs?: number;
  /** Stops waiting; what was ordered is executed all the same. */
  readonly signal?: AbortSignal;
}

/** The view in which a member became rank 0. Whoever guards a resource refuses an older one. */
export interface Fence {
  readonly epoch: number;
  readonly view: number;
}

/** A session that has been welcomed. */
interface Seat {
  readonly link: Link;
  readonly lease: Lease;
  readonly over: AbortController;
  readonly welcome: WelcomeMessage;
  rank: number;
  size: number;
  leader: Leader;
  fence: Fence | undefined;
  /** Whether the present suspension has been told of. */
  suspended: 'told' | 'untold';
}

type Standing =
  | { readonly kind: 'outside' }
  | { readonly kind: 'seated'; readonly seat: Seat }
  | { readonly kind: 'closed'; readonly error: RankdError | undefined };

/** What keeps a membership in touch with a coordinator; `join` makes it. */
export interface Reconnector {
  /** Stops trying; says goodbye where there is a session. */
  stop(): Promise<void>;
}

/**
 * This process as a member of a group. Every answer about its rank is for the moment at which it is asked: it is undefined
 * while there is no session, and while the coordinator has not been heard for `suspendMs` (R-LEAD-3).
 */
export class Membership extends EventEmitter<MembershipEvents> {
  readonly #book = new CommandBook();
  readonly #executor: Executor;
  #standing: Standing = { kind: 'outside' };
  #rankBefore: number | undefined;
  #leaseTimer: NodeJS.Timeout | undefined;
  #reconnector: Reconnector | undefined;

  /** Use `join`. */
  constructor() {
    super();
    this.#executor = new Executor({
      send: (result, value) => this.#seat?.link.send(result, value),
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
    return seat?.lease.holds(performance.now()) === true ? seat : undefined;
  }

  /** 0 is the highest. Undefined while suspended or without a session. */
  get rank(): number | undefined {
    return this.#acting?.rank;
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

  /** Executes the command of this name from now on; returns what takes the handler back. */
  handle(name: string, handler: Handler): () => void {
    return this.#executor.handle(name, handler);
  }

  /**
   * Orders members below to do something; resolves with how each of them ended.
   * @throws RankdError the receipt's code where nobody may execute it; OUTCOME_UNKNOWN where the session ends first;
   *   NOT_CONNECTED; ABORTED; BAD_ARGUMENT and PAYLOAD_TOO_LARGE without sending anything
   */
  async command(name: string, args?: Json, options: CommandOptions = {}): Promise<Sheet> {
    const sheet = this.#order(name, args, options, 'outcome', () => undefined);
    return orAborted(sheet, options.signal);
  }

  /** The same, and each recipient's result as it comes. Ends with the outcome; throws what `command` throws. */
  stream(name: string, args?: Json, options: CommandOptions = {}): AsyncIterable<CommandResult> {
    const queue = new ResultQueue();
    const sheet = this.#order(name, args, options, 'each', result => queue.push(result));
    orAborted(sheet, options.signal).then(
      () => queue.end(),
      (error: unknown) => queue.fail(error as Error),
    );
    return queue;
  }

  /** Says goodbye and stays away: those below are promoted at once. */
  async leave(): Promise<void> {
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
        took: message => this.#take(message),
        ended: error => {
          this.#unseat(error);
          resolve(error);
        },
      });
    });
  }

  /** For the reconnector: it is over for good. */
  close(error: RankdError | undefined): void {
    if (this.#standing.kind === 'closed') return;
    this.#standing = { kind: 'closed', error };
    clearTimeout(this.#leaseTimer);
    this.#book.abandon(new RankdError('OUTCOME_UNKNOWN'));
    this.emit('closed', { error });
  }

  #seated(link: Link, welcome: WelcomeMessage, helloSentAtMs: number): void {
    const { rank, size, slot, member, name, leader, epoch, view } = welcome;
    const lease = new Lease(helloSentAtMs, welcome);
    const fence = rank === 0 ? { epoch, view } : undefined;
    const over = new AbortController();
    const seat: Seat = { link, lease, over, welcome, rank, size, leader, fence, suspended: 'untold' };
    this.#standing = { kind: 'seated', seat };
    const was = this.#rankBefore;
    this.#rankBefore = rank;
    this.emit('joined', { rank, size, slot, member });
    if (was !== undefined) this.emit('rank', { rank, was, size, cause: { kind: 'joined', member, name } });
    this.#watchLease();
  }

  #unseat(error: RankdError): void {
    this.#seat?.over.abort();
    clearTimeout(this.#leaseTimer);
    if (this.#standing.kind === 'seated') this.#standing = { kind: 'outside' };
    this.#book.abandon(new RankdError('OUTCOME_UNKNOWN', error.code));
  }

  async #order(
    name: string,
    args: Json | undefined,
    options: CommandOptions,
    reply: 'outcome' | 'each',
    onResult: (result: CommandResult) => void,
  ): Promise<Sheet> {
    if (options.signal?.aborted === true) throw new RankdError('ABORTED', undefined, { cause: options.signal.reason });
    const seat = this.#seat;
    if (seat === undefined) throw new RankdError('NOT_CONNECTED');
    const id = this.#book.nextId();
    const { to, deadlineMs } = options;
    const message: CommandMessage = {
      type: 'command',
      id,
      name,
      reply,
      ...(to === undefined ? {} : { to }),
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    };
    const frame = commandFrame(message, args, seat.welcome.frameBytesMax);
    const sheet = this.#book.enter(id, onResult);
    seat.link.write(frame);
    return sheet;
  }

  #take(message: SessionMessage): void {
    const seat = this.#seat;
    if (seat === undefined) return;
    switch (message.type) {
      case 'ping':
        this.#pong(seat, message);
        return;
      case 'view':
        this.#viewed(seat, message);
        return;
      case 'command':
        void this.#executor.execute(message, seat.rank, seat.over.signal);
        return;
      case 'receipt':
        this.#book.receipt(message);
        return;
      case 'result':
        this.#book.result(message);
        return;
      case 'outcome':
        this.#book.outcome(message);
        return;
      case 'pong':
      case 'roster':
      case 'error':
        return;
      default:
        // A message of a later protocol is not for this library.
        message satisfies never;
    }
  }

  #pong(seat: Seat, { n, seen }: ServerPingMessage): void {
    seat.lease.pinged(n, seen, performance.now());
    if (seat.lease.holds(performance.now())) seat.suspended = 'untold';
    seat.link.send({ type: 'pong', n });
    this.#watchLease();
  }

  #viewed(seat: Seat, { rank, was, size, leader, epoch, view, cause }: ViewMessage): void {
    if (rank === 0 && seat.rank !== 0) seat.fence = { epoch, view };
    if (rank !== 0) seat.fence = undefined;
    seat.rank = rank;
    seat.size = size;
    seat.leader = leader;
    this.#rankBefore = rank;
    this.emit('rank', { rank, was, size, cause });
  }

  /** Tells once of a lease that ran out, and gives the session up once it is lost; reading `rank` needs no timer. */
  #watchLease(): void {
    clearTimeout(this.#leaseTimer);
    const seat = this.#seat;
    if (seat === undefined) return;
    const nowMs = performance.now();
    const isHeld = seat.lease.holds(nowMs);
    // Timers count whole milliseconds and may be early by a part of one, so each one looks at the clock again.
    const nextMs = Math.ceil((isHeld ? seat.lease.endsAtMs : seat.lease.lostAtMs) - nowMs);
    if (nextMs > 0) this.#leaseTimer = setTimeout(() => this.#watchLease(), nextMs);
    if (!isHeld && seat.suspended === 'untold') {
      seat.suspended = 'told';
      this.emit('suspended', { rank: seat.rank });
    }
    if (nextMs <= 0) seat.link.end(new RankdError('HEARTBEAT_TIMEOUT'));
  }
}

/** @throws RankdError BAD_ARGUMENT, PAYLOAD_TOO_LARGE: what the coordinator would end the session for is not sent. */
function commandFrame(message: CommandMessage, args: Json | undefined, frameBytesMax: number): Buffer {
  const checked = checkClientMessage(message);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
  const frame = encodeFrame(message, payloadOf('args', args, frameBytesMax));
  if (frame.length > frameBytesMax)
    throw new RankdError('PAYLOAD_TOO_LARGE', `the list in "to" makes ${frame.length} bytes`);
  return frame;
}
