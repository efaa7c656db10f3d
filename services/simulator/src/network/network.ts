import { assertNever } from '@rankd/protocol';
import {
  type PipeReader,
  type ProcessClock,
  type SeededRandom,
  SimulatedPipe,
  type VirtualClock,
} from '@rankd/testkit';
import type { Pipes, ServerSocket } from '@rankd/testkit/in-process';
import { WINDOW_BYTES } from '../settings.js';
import { ClientSocket, type ClientSocketListener } from './client-socket.js';

export type Direction = 'up' | 'down';

/** A process that takes connections. */
export interface Host {
  readonly process: ProcessClock;
  /** Undefined where it does not listen. */
  accept(pipes: Pipes): ServerSocket | undefined;
}

/** Whom the next connection goes to: found out when its first byte comes. */
export type Choice = () => () => Host;

/** What stands for a handshake: the server accepts whoever's first byte comes. */
const KNOCK = Buffer.from('!');

/** How a client's machine reaches the server's: its connections, and what holds them up. */
export class Reach {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #choose: Choice;
  readonly #delayMs: number;
  readonly #jitterMs: number;
  readonly #reading: 'whole' | 'dribbled';
  readonly #cut = new Set<Direction>();
  /** Those that may still carry something. */
  #pipes: Pipes[] = [];

  constructor(clock: VirtualClock, random: SeededRandom, choose: Choice) {
    this.#clock = clock;
    this.#random = random;
    this.#choose = choose;
    this.#delayMs = random.pick([0, 1, 1, 4, 30]) ?? 0;
    this.#jitterMs = random.pick([0, 0, 3, 20]) ?? 0;
    this.#reading = random.chance(0.05) ? 'dribbled' : 'whole';
  }

  connect(listener: ClientSocketListener): ClientSocket {
    const settings = { delayMs: () => this.#underWayMs(), windowBytes: WINDOW_BYTES, reading: this.#reading };
    const up = new SimulatedPipe(this.#clock, settings);
    const down = new SimulatedPipe(this.#clock, settings);
    this.#pipes = this.#pipes.filter(pipes => !pipes.up.isEnded || !pipes.down.isEnded);
    this.#pipes.push({ up, down });
    if (this.#cut.has('up')) up.hold('cut');
    if (this.#cut.has('down')) down.hold('cut');
    const end = new ClientSocket(up, down, listener);
    up.readTo(new Doorstep(this.#choose(), { up, down }));
    down.readTo(end);
    up.write(KNOCK);
    return end;
  }

  /** Nothing passes that way; what is sent arrives once it is mended. */
  cut(direction: Direction): void {
    this.#cut.add(direction);
    for (const pipes of this.#pipes) pipes[direction].hold('cut');
  }

  mend(): void {
    this.#cut.clear();
    for (const { up, down } of [...this.#pipes]) {
      up.release('cut');
      down.release('cut');
    }
  }

  /** Its process is stopped, or reads nothing. */
  hold(why: 'stopped' | 'paused'): void {
    for (const { down } of this.#pipes) down.hold(why);
  }

  release(why: 'stopped' | 'paused'): void {
    for (const { down } of [...this.#pipes]) down.release(why);
  }

  #underWayMs(): number {
    return this.#delayMs + (this.#jitterMs === 0 ? 0 : this.#random.below(this.#jitterMs));
  }
}

/** Where a connection ends until the server has accepted it. */
class Doorstep implements PipeReader {
  readonly #host: () => Host;
  readonly #pipes: Pipes;
  #end: ServerSocket | undefined;

  constructor(host: () => Host, pipes: Pipes) {
    this.#host = host;
    this.#pipes = pipes;
  }

  received(bytes: Buffer): void {
    if (this.#end !== undefined) return this.#end.received(bytes);
    const host = this.#host();
    switch (host.process.state) {
      case 'running':
        return this.#knock(host);
      case 'stopped':
        this.#pipes.up.hold('stopped');
        return host.process.whenRunning(() => {
          this.#knock(host);
          this.#pipes.up.release('stopped');
        });
      case 'dead':
        return this.#pipes.down.end('rst');
      default:
        assertNever(host.process.state);
    }
  }

  ended(how: 'fin' | 'rst'): void {
    this.#end?.ended(how);
  }

  #knock(host: Host): void {
    this.#end = host.accept(this.#pipes);
    if (this.#end === undefined) this.#pipes.down.end('rst');
  }
}
