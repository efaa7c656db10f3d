/** A simulated client process. */

import { EventEmitter } from 'node:events';
import {
  EventNotifier,
  type Fence,
  type MembershipEvents,
  MemberState,
  RankdError,
  type Seat,
  type SentHello,
} from '@rankd/client/internal';
import type { CommandMessage, DeliveredCommandMessage, HelloMessage, ServerMessage } from '@rankd/protocol';
import { ProcessClock, type SeededRandom, type VirtualClock } from '@rankd/testkit';
import type { ClientSocket } from '../network/client-socket.js';
import type { NetworkPath } from '../network/network.js';
import { pickAnswers, type ClientProfile } from './client-profile.js';
import type { Probe } from './probe.js';

/** The timeouts of the library, ms, shortened like all other times. */
const WELCOME_MS = 1000;
const BACKOFF_MS = 150;
const LEAVE_MS = 100;
/** A client that names later epochs adds this number to its held epoch, multiplied by the number of its sessions. */
const LATER_EPOCH = 300;

/** The functions and values that a ModelClient gets from its world. */
export interface ClientPorts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly network: NetworkPath;
  readonly probe: Probe;
  readonly profile: ClientProfile;
}

/**
 * A simulated client process: the library's real `MemberState` (R-LEAD-1 to 3) on a simulated connection and its own clock. Its
 * profile decides how it answers commands.
 */
export class ModelClient {
  readonly name: string;
  readonly process: ProcessClock;
  readonly network: NetworkPath;
  readonly memberState: MemberState;
  readonly #random: SeededRandom;
  readonly #probe: Probe;
  readonly #profile: ClientProfile;
  readonly #hello: HelloMessage;
  #socket: ClientSocket | undefined;
  #sessions = 0;
  #commands = 0;
  /** The last frames that it has sent, for resendFrame(). */
  readonly #sent: string[] = [];

  constructor(name: string, { clock, random, network, probe, profile }: ClientPorts) {
    this.name = name;
    this.network = network;
    this.process = new ProcessClock(clock, random.below(1_000_000));
    this.#random = random;
    this.#probe = probe;
    this.#profile = profile;
    this.#hello = { type: 'hello', name, tags: { kind: profile.kind }, updates: profile.updates };
    const time = {
      nowMs: () => this.process.nowMs,
      after: (delayMs: number, run: () => void) => this.process.after(delayMs, run),
    };
    this.memberState = new MemberState(new EventNotifier(new EventEmitter<MembershipEvents>(), 'size'), time);
  }

  /** The number of its current or last session. */
  get sessionNumber(): number {
    return this.#sessions;
  }

  /** Which changes it receives views for (R-JOIN-1). */
  get updates(): ClientProfile['updates'] {
    return this.#profile.updates;
  }

  /** Its seat; undefined if it has no rank. */
  get seat(): Seat | undefined {
    return this.memberState.seat;
  }

  /** Whether its process runs or is stopped. */
  get isAlive(): boolean {
    return this.process.state !== 'dead';
  }

  /**
   * The fencing token of this client, if it acts as leader. A stopped process has a token if it would act as leader on continuing now
   * (R-LEAD-3).
   */
  get fence(): Fence | undefined {
    return this.isAlive ? this.memberState.acting?.fence : undefined;
  }

  /** Connects and sends its hello, unless it is connected or has left. */
  connect(): void {
    if (this.#socket !== undefined || this.memberState.isClosed) return;
    this.#sessions += 1;
    const socket = this.network.connect({
      onMessage: message => this.#handleMessage(sentHello, message),
      onClosed: error => this.#handleSessionEnd(error),
    });
    const sentHello = { connection: socket, helloSentAtMs: this.process.nowMs };
    this.#socket = socket;
    this.sendMessage({ ...this.#hello, resume: this.#createClaim() });
    this.process.after(WELCOME_MS, () => {
      if (this.#socket === socket && this.seat === undefined) socket.end(new RankdError('CONNECT_FAILED'));
    });
  }

  #createClaim(): HelloMessage['resume'] {
    const { claim } = this.memberState;
    const { epoch = 0 } = claim ?? {};
    const isLater = claim !== undefined && this.#profile.epochs === 'later';
    return isLater ? { ...claim, epoch: epoch + LATER_EPOCH * this.#sessions } : claim;
  }

  /** Sends a message. */
  sendMessage(message: object): void {
    this.writeFrame(`${JSON.stringify(message)}\n`);
  }

  /** Sends a frame, if the process runs and is connected. */
  writeFrame(frame: string): void {
    if (this.process.state !== 'running' || this.#socket === undefined) return;
    this.#sent.push(frame);
    if (this.#sent.length > 8) this.#sent.shift();
    this.#probe.recordSent(this, frame);
    this.#socket.write(frame);
  }

  /** Sends a command with an id of its own, if it has a seat. */
  sendCommand(command: Omit<CommandMessage, 'type' | 'id'>): void {
    if (this.process.state !== 'running' || this.seat === undefined) return;
    this.#commands += 1;
    const isAgain = this.#profile.ids === 'again' && this.#random.chance(0.1);
    const id = isAgain ? `c${this.#commands - 1}` : `c${this.#commands}`;
    this.#probe.recordCommand(this, id, command.reply ?? 'outcome');
    this.sendMessage({ type: 'command', id, ...command });
  }

  /** Sends one of its last frames again. */
  resendFrame(): void {
    const frame = this.#random.pick(this.#sent);
    if (frame === undefined || this.#socket === undefined || this.process.state !== 'running') return;
    if (frame.startsWith('{"type":"command","id"')) {
      const { id, reply } = JSON.parse(frame) as CommandMessage;
      this.#probe.recordCommand(this, id, reply ?? 'outcome');
    }
    this.writeFrame(frame);
  }

  /** Closes its connection; it reconnects. */
  dropConnection(): void {
    if (this.process.state === 'running') this.#socket?.end(new RankdError('NOT_CONNECTED'));
  }

  /** Stops acting on its rank, then sends `leave` and exits (R-VIEW-5). */
  leave(): void {
    if (this.process.state !== 'running') return;
    this.memberState.suspendForGood();
    this.process.after(this.#random.below(30), () => {
      this.#socket?.send({ type: 'leave' });
      this.process.after(LEAVE_MS, () => this.#exit());
    });
  }

  /** Stops acting on its rank, then sends `resign` (R-RESIGN-1), if the server has the feature. */
  resign(): void {
    const { seat } = this;
    if (this.process.state !== 'running' || seat === undefined || seat.isResigning) return;
    if (!seat.welcome.features.includes('resign')) return;
    this.memberState.startResign(seat);
    this.process.after(this.#random.below(120), () => {
      if (this.seat === seat) seat.connection.send({ type: 'resign' });
    });
  }

  /** Acts as SIGKILL. The server sees FIN, RST, or nothing if the machine is lost. */
  crash(how: 'fin' | 'rst' | 'lost'): void {
    if (!this.isAlive) return;
    this.process.kill();
    this.#socket?.abort(how);
    this.#socket = undefined;
    this.#probe.recordSessionEnd(this);
  }

  /** Acts as SIGSTOP. */
  stop(): void {
    this.process.stop();
    if (this.process.state === 'stopped') this.network.hold('stopped');
  }

  /** Acts as SIGCONT. Its timers fire before it reads the data that has arrived. */
  continue(): void {
    this.process.continue();
    this.network.release('stopped');
  }

  #handleMessage(sentHello: SentHello, message: ServerMessage): void {
    const { sessionNumber } = this;
    this.#dispatchMessage(sentHello, message);
    // Handling the message may have ended the session, because the lease had expired.
    if (this.#socket !== undefined && this.sessionNumber === sessionNumber) this.#probe.recordMessage(this, message);
  }

  /** Dispatches a message as the library's `MemberSession` does. */
  #dispatchMessage(sentHello: SentHello, message: ServerMessage): void {
    const { seat } = this;
    switch (message.type) {
      case 'welcome':
        if ('rank' in message) this.memberState.handleWelcome(sentHello, message);
        return;
      case 'waiting':
        return this.memberState.handleWaiting(sentHello, message);
      case 'ping':
        return this.memberState.handlePing(message);
      case 'view':
        if (seat !== undefined && 'rank' in message) this.memberState.handleView(seat, message);
        return;
      case 'yield':
        if (seat !== undefined) this.#answerYield(seat);
        return;
      case 'command':
        if (seat !== undefined) this.#executeCommand(seat, message);
        return;
      default:
    }
  }

  /** Stops leading and answers a `yield` after a random time (R-LEAD-2). */
  #answerYield(seat: Seat): void {
    const ask = this.memberState.startYield(seat);
    if (this.#profile.yields === 'never') return;
    this.process.after(this.#random.below(120), () => {
      if (this.seat === seat && seat.owesYielded(ask)) seat.connection.send({ type: 'yielded' });
    });
  }

  #executeCommand(seat: Seat, command: DeliveredCommandMessage): void {
    if (!command.reply || !seat.lease.isValid(this.process.nowMs)) return;
    for (const { afterMs, result } of pickAnswers(command, seat.welcome.epoch, this.#profile, this.#random)) {
      this.process.after(afterMs, () => this.sendMessage(result));
    }
  }

  #handleSessionEnd(error: RankdError): void {
    this.#socket = undefined;
    this.memberState.handleSessionEnd(error);
    this.#probe.recordSessionEnd(this);
    if (!error.retry) this.#exit();
    else this.process.after(2 * (error.retryAfterMs ?? 0) + this.#random.below(BACKOFF_MS), () => this.connect());
  }

  /** Closes the session and ends the process. */
  #exit(): void {
    if (!this.isAlive) return;
    this.memberState.close();
    this.#socket?.end(new RankdError('LEFT'));
    this.process.kill();
  }
}
