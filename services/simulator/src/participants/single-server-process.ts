/** A simulated process of a single server. */

import type { Clock } from 'rankd/dist/clock.js';
import type { ServerConfig } from 'rankd/dist/config.js';
import type { Coordinator, Effect, Entry, KeptSeat } from 'rankd/dist/core/index.js';
import { Gateway } from 'rankd/dist/gateway/gateway.js';
import type { OrderedLog } from 'rankd/dist/log/ordered-log.js';
import { ProcessClock, type SeededRandom, type VirtualClock } from '@rankd/testkit';
import type { Pipes, ServerSocket } from '@rankd/testkit/in-process';
import type { Host } from '../network/network.js';
import { ServerSockets } from '../network/server-sockets.js';
import { SimulatedLog } from './simulated-log.js';
import type { WallClock } from './wall-clock.js';

/** The order that the mirror keeps for the next server (R-VIEW-6). */
export interface RestartState {
  readonly epochLast: number;
  readonly orders: ReadonlyMap<string, readonly KeptSeat[]>;
}

/** The functions and values that a ServerProcess gets from its world. */
export interface ServerPorts {
  readonly clock: VirtualClock;
  readonly wall: WallClock;
  readonly random: SeededRandom;
  readonly config: ServerConfig;
  readonly coordinator: Coordinator;
  readonly tamperBytes: (bytes: Buffer) => Buffer;
  readonly onApplied: (entry: Entry, effects: readonly Effect[]) => void;
  /** Whether the entry is applied twice (I8). */
  readonly shouldDouble: (entry: Entry) => boolean;
  readonly onDoubled: (entry: Entry, effects: readonly Effect[]) => void;
}

/** A simulated server process: the real gateway and core, with simulated sockets. */
export class SingleServerProcess implements Host {
  readonly gateway: Gateway;
  readonly log: OrderedLog;
  readonly process: ProcessClock;
  readonly #coordinator: Coordinator;
  readonly #sockets: ServerSockets;

  constructor(ports: ServerPorts) {
    const { clock, wall, random, config, coordinator, tamperBytes, onApplied, shouldDouble, onDoubled } = ports;
    this.process = new ProcessClock(clock, random.below(1_000_000));
    this.#coordinator = coordinator;
    this.#sockets = new ServerSockets(this.process, tamperBytes);
    this.log = new SimulatedLog(coordinator, { onApplied, shouldDouble, onDoubled });
    this.gateway = new Gateway({
      config,
      clock: createServerClock(this.process, wall),
      log: this.log,
      randomBytes: size => random.bytes(size),
      serverName: 'simulated',
      watch: () => undefined,
      overhear: () => undefined,
      publish: () => undefined,
      unpublish: () => undefined,
      publishSeat: () => undefined,
    });
  }

  get connectionCount(): number {
    return this.#sockets.count;
  }

  /** Accepts a connection whose first byte has arrived. */
  accept(pipes: Pipes): ServerSocket {
    return this.#sockets.openSocket(pipes, this.gateway);
  }

  /** Acts as SIGSTOP. The kernel of its machine still receives data. */
  stop(): void {
    this.process.stop();
    this.#sockets.stopAll();
  }

  continue(): void {
    this.process.continue();
    this.#sockets.continueAll();
  }

  /** Acts as SIGTERM: starts to drain. It does not wait for the promise, because the simulation runs no microtasks between its steps. */
  startDrain(): void {
    void this.gateway.shutdown.drain(0);
  }

  endSessions(): void {
    this.process.whenRunning(() => this.gateway.shutdown.endSessions(100));
  }

  /** Acts as SIGKILL. */
  kill(): void {
    this.process.kill();
    this.#sockets.abortAll();
  }

  /** Returns what an up-to-date mirror contains about this server. */
  readRestartState(): RestartState {
    const orders = new Map<string, KeptSeat[]>();
    for (const { name, roster } of this.log.groups.values()) {
      const seats = roster.slice().map(({ id, name: called, tags, address, joinedAt, slot, secrets }) => {
        return { id, name: called, tags, address, joinedAt, slot, secretHash: secrets.current };
      });
      orders.set(name, seats);
    }
    return { epochLast: this.#coordinator.epochLast, orders };
  }
}

/** Creates the clock of a server process on a machine with the clock `wall`. */
export function createServerClock(process: ProcessClock, wall: WallClock): Clock {
  return {
    wallMs: () => wall.nowMs,
    monotonicMs: () => process.nowMs,
    // The simulated event loop never stalls.
    after: (delayMs, run) => process.after(delayMs, run),
    soon: run => process.soon(run),
  };
}
