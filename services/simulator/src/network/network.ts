/** The simulated network between a client and the servers. */

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

/** A direction of a connection: `up` to the server, `down` to the client. */
export type Direction = 'up' | 'down';

/** A server process that accepts connections. */
export interface Host {
  readonly process: ProcessClock;
  /** Accepts a connection. Returns undefined if the process does not listen. */
  accept(pipes: Pipes): ServerSocket | undefined;
}

/** Picks the host of a new connection. The returned function runs when the first byte arrives. */
export type ChooseHost = () => () => Host;

/** The byte that replaces the TCP handshake: the server accepts a connection when it arrives. */
const CONNECT_BYTE = Buffer.from('!');

/** The network between one client's machine and the servers: its connections, their delays and their faults. */
export class NetworkPath {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #chooseHost: ChooseHost;
  readonly #delayMs: number;
  readonly #jitterMs: number;
  readonly #reading: 'whole' | 'dribbled';
  readonly #cut = new Set<Direction>();
  /** The pipes that may still carry data. */
  #pipes: Pipes[] = [];

  constructor(clock: VirtualClock, random: SeededRandom, choose: ChooseHost) {
    this.#clock = clock;
    this.#random = random;
    this.#chooseHost = choose;
    this.#delayMs = random.pick([0, 1, 1, 4, 30]) ?? 0;
    this.#jitterMs = random.pick([0, 0, 3, 20]) ?? 0;
    this.#reading = random.chance(0.05) ? 'dribbled' : 'whole';
  }

  /** Opens a connection and returns the client's end. */
  connect(listener: ClientSocketListener): ClientSocket {
    const settings = { delayMs: () => this.#pickDelayMs(), windowBytes: WINDOW_BYTES, reading: this.#reading };
    const up = new SimulatedPipe(this.#clock, settings);
    const down = new SimulatedPipe(this.#clock, settings);
    this.#pipes = this.#pipes.filter(pipes => !pipes.up.isEnded || !pipes.down.isEnded);
    this.#pipes.push({ up, down });
    if (this.#cut.has('up')) up.hold('cut');
    if (this.#cut.has('down')) down.hold('cut');
    const end = new ClientSocket(up, down, listener);
    up.readTo(new UnacceptedConnection(this.#chooseHost(), { up, down }));
    down.readTo(end);
    up.write(CONNECT_BYTE);
    return end;
  }

  /** Cuts one direction. Data that is sent during the cut arrives after repair(). */
  cut(direction: Direction): void {
    this.#cut.add(direction);
    for (const pipes of this.#pipes) pipes[direction].hold('cut');
  }

  /** Ends all cuts. */
  repair(): void {
    this.#cut.clear();
    for (const { up, down } of [...this.#pipes]) {
      up.release('cut');
      down.release('cut');
    }
  }

  /**
   * Acts as a proxy that closes the server's end of every connection and keeps the client's end open. The client receives nothing
   * more, and does not notice it.
   */
  closeServerEnds(how: 'fin' | 'rst'): void {
    for (const { up, down } of this.#pipes) {
      down.hold('lost');
      up.end(how);
    }
  }

  /** Holds incoming data, because the client's process is stopped or does not read. */
  hold(why: 'stopped' | 'paused'): void {
    for (const { down } of this.#pipes) down.hold(why);
  }

  /** Ends one hold(). */
  release(why: 'stopped' | 'paused'): void {
    for (const { down } of [...this.#pipes]) down.release(why);
  }

  #pickDelayMs(): number {
    return this.#delayMs + (this.#jitterMs === 0 ? 0 : this.#random.below(this.#jitterMs));
  }
}

/** The server's end of a connection before the server has accepted the connection. */
class UnacceptedConnection implements PipeReader {
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
        return this.#acceptConnection(host);
      case 'stopped':
        this.#pipes.up.hold('stopped');
        return host.process.whenRunning(() => {
          this.#acceptConnection(host);
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

  #acceptConnection(host: Host): void {
    this.#end = host.accept(this.#pipes);
    if (this.#end === undefined) this.#pipes.down.end('rst');
  }
}
