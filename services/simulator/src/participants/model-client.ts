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
import type { Reach } from '../network/network.js';
import { answersTo, type ClientProfile } from './client-profile.js';
import type { Probe } from './probe.js';

/** As the library's, made shorter with all other times. */
const WELCOME_MS = 1000;
const BACKOFF_MS = 150;
const GOODBYE_MS = 100;

export interface ClientPorts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly reach: Reach;
  readonly probe: Probe;
  readonly profile: ClientProfile;
}

/**
 * One process that is a member: the library's own `MemberState` (R-LEAD-1 to 3), on a simulated connection and
 * a clock of its own. What it does with commands is its profile's.
 */
export class ModelClient {
  readonly name: string;
  readonly process: ProcessClock;
  readonly reach: Reach;
  readonly standing: MemberState;
  readonly #random: SeededRandom;
  readonly #probe: Probe;
  readonly #profile: ClientProfile;
  readonly #hello: HelloMessage;
  #end: ClientSocket | undefined;
  #sessions = 0;
  #commands = 0;
  /** Frames that it has sent, to be sent again. */
  readonly #sent: string[] = [];

  constructor(name: string, { clock, random, reach, probe, profile }: ClientPorts) {
    this.name = name;
    this.reach = reach;
    this.process = new ProcessClock(clock, random.below(1_000_000));
    this.#random = random;
    this.#probe = probe;
    this.#profile = profile;
    this.#hello = { type: 'hello', name, tags: { kind: profile.kind }, updates: profile.updates };
    const time = {
      nowMs: () => this.process.nowMs,
      after: (delayMs: number, run: () => void) => this.process.after(delayMs, run),
    };
    this.standing = new MemberState(new EventNotifier(new EventEmitter<MembershipEvents>(), 'size'), time);
  }

  /** Which of its sessions it is in, or was in last. */
  get session(): number {
    return this.#sessions;
  }

  get seat(): Seat | undefined {
    return this.standing.seat;
  }

  /** Its process is there, running or stopped. */
  get isAlive(): boolean {
    return this.process.state !== 'dead';
  }

  /** Its fencing token while it acts as leader, or would if it were continued at this moment (R-LEAD-3). */
  get fence(): Fence | undefined {
    return this.isAlive ? this.standing.acting?.fence : undefined;
  }

  connect(): void {
    if (this.#end !== undefined || this.standing.isClosed) return;
    this.#sessions += 1;
    const end = this.reach.connect({
      took: message => this.#took(sentHello, message),
      over: error => this.#over(error),
    });
    const sentHello = { connection: end, helloSentAtMs: this.process.nowMs };
    this.#end = end;
    const { claim } = this.standing;
    this.send(claim === undefined ? this.#hello : { ...this.#hello, resume: claim });
    this.process.after(WELCOME_MS, () => {
      if (this.#end === end && this.seat === undefined) end.end(new RankdError('CONNECT_FAILED'));
    });
  }

  send(message: object): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  write(frame: string): void {
    if (this.process.state !== 'running' || this.#end === undefined) return;
    this.#sent.push(frame);
    if (this.#sent.length > 8) this.#sent.shift();
    this.#probe.sent(this, frame);
    this.#end.write(frame);
  }

  command(command: Omit<CommandMessage, 'type' | 'id'>): void {
    if (this.process.state !== 'running' || this.seat === undefined) return;
    this.#commands += 1;
    const isAgain = this.#profile.ids === 'again' && this.#random.chance(0.1);
    const id = isAgain ? `c${this.#commands - 1}` : `c${this.#commands}`;
    this.#probe.commanded(this, id, command.reply ?? 'outcome');
    this.send({ type: 'command', id, ...command });
  }

  /** Says again what it said before. */
  replay(): void {
    const frame = this.#random.pick(this.#sent);
    if (frame === undefined || this.#end === undefined || this.process.state !== 'running') return;
    if (frame.startsWith('{"type":"command","id"')) {
      const { id, reply } = JSON.parse(frame) as CommandMessage;
      this.#probe.commanded(this, id, reply ?? 'outcome');
    }
    this.write(frame);
  }

  /** The connection breaks, and it comes back. */
  drop(): void {
    if (this.process.state === 'running') this.#end?.end(new RankdError('NOT_CONNECTED'));
  }

  /** R-VIEW-5: stops acting on its rank, then says so. */
  leave(): void {
    if (this.process.state !== 'running') return;
    this.standing.suspendForGood();
    this.process.after(this.#random.below(30), () => {
      this.#end?.send({ type: 'leave' });
      this.process.after(GOODBYE_MS, () => this.#close());
    });
  }

  crash(how: 'fin' | 'rst' | 'lost'): void {
    if (!this.isAlive) return;
    this.process.kill();
    this.#end?.die(how);
    this.#end = undefined;
    this.#probe.over(this);
  }

  stop(): void {
    this.process.stop();
    if (this.process.state === 'stopped') this.reach.hold('stopped');
  }

  /** Its timers go off before it reads what has come. */
  continue(): void {
    this.process.continue();
    this.reach.release('stopped');
  }

  #took(sentHello: SentHello, message: ServerMessage): void {
    const { session } = this;
    this.#act(sentHello, message);
    // What it was told may have been the end of the session: its lease had run out.
    if (this.#end !== undefined && this.session === session) this.#probe.took(this, message);
  }

  /** What the library's `MemberSession` does. */
  #act(sentHello: SentHello, message: ServerMessage): void {
    const { seat } = this;
    switch (message.type) {
      case 'welcome':
        if ('rank' in message) this.standing.handleWelcome(sentHello, message);
        return;
      case 'waiting':
        return this.standing.handleWaiting(sentHello, message);
      case 'ping':
        return this.standing.handlePing(message);
      case 'view':
        if (seat !== undefined && 'rank' in message) this.standing.handleView(seat, message);
        return;
      case 'yield':
        if (seat !== undefined) this.#yield(seat);
        return;
      case 'command':
        if (seat !== undefined) this.#execute(seat, message);
        return;
      default:
    }
  }

  /** R-LEAD-2 */
  #yield(seat: Seat): void {
    const ask = this.standing.startYield(seat);
    if (this.#profile.yields === 'never') return;
    this.process.after(this.#random.below(120), () => {
      if (this.seat === seat && seat.owesYielded(ask)) seat.connection.send({ type: 'yielded' });
    });
  }

  #execute(seat: Seat, command: DeliveredCommandMessage): void {
    if (!command.reply || !seat.lease.isValid(this.process.nowMs)) return;
    for (const { afterMs, result } of answersTo(command, seat.welcome.epoch, this.#profile, this.#random)) {
      this.process.after(afterMs, () => this.send(result));
    }
  }

  #over(error: RankdError): void {
    this.#end = undefined;
    this.standing.handleSessionEnd(error);
    this.#probe.over(this);
    if (!error.retry) this.#close();
    else this.process.after(2 * (error.retryAfterMs ?? 0) + this.#random.below(BACKOFF_MS), () => this.connect());
  }

  /** Its process comes to its end in order. */
  #close(): void {
    if (!this.isAlive) return;
    this.standing.close();
    this.#end?.end(new RankdError('LEFT'));
    this.process.kill();
  }
}
