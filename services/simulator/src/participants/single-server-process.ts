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

/** The order that the mirror keeps for the next server (R-VIEW-6). */
export interface RestartState {
  readonly epochLast: number;
  readonly orders: ReadonlyMap<string, readonly KeptSeat[]>;
}

/** The functions and values that a ServerProcess gets from its world. */
export interface ServerPorts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly config: ServerConfig;
  readonly coordinator: Coordinator;
  readonly tamperBytes: (bytes: Buffer) => Buffer;
  readonly onApplied: (entry: Entry, effects: readonly Effect[]) => void;
  /** Whether the entry is applied twice (I8). */
  readonly shouldDouble: (entry: Entry) => boolean;
  readonly onDoubled: (entry: Entry, effects: readonly Effect[]) => void;
}

/** The wall time at the start of a simulation, ms since 1970. */
export const WALL_START_MS = 1_700_000_000_000;

/** A simulated server process: the real gateway and core, with simulated sockets. */
export class SingleServerProcess implements Host {
  readonly gateway: Gateway;
  readonly log: OrderedLog;
  readonly process: ProcessClock;
  readonly #clock: Clock;
  readonly #sockets: ServerSockets;

  constructor({ clock, random, config, coordinator, tamperBytes, onApplied, shouldDouble, onDoubled }: ServerPorts) {
    this.process = new ProcessClock(clock, random.below(1_000_000));
    this.#sockets = new ServerSockets(this.process, tamperBytes);
    this.#clock = createServerClock(this.process, clock, 0);
    this.log = new SimulatedLog(coordinator, { onApplied, shouldDouble, onDoubled });
    this.gateway = new Gateway({
      config,
      clock: this.#clock,
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

  get wallMs(): number {
    return this.#clock.wallMs();
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
    let epochLast = 0;
    for (const { name, roster, epoch } of this.log.groups.values()) {
      epochLast = Math.max(epochLast, epoch);
      const seats = roster.slice().map(({ id, name: called, tags, address, joinedAt, slot, secrets }) => {
        return { id, name: called, tags, address, joinedAt, slot, secretHash: secrets.current };
      });
      orders.set(name, seats);
    }
    return { epochLast, orders };
  }
}

/**
 * Creates the clock of a server process.
 * @param aheadMs the error of its wall time
 */
export function createServerClock(process: ProcessClock, world: VirtualClock, aheadMs: number): Clock {
  return {
    wallMs: () => WALL_START_MS + aheadMs + Math.floor(world.nowMs),
    monotonicMs: () => process.nowMs,
    // The simulated event loop never stalls.
    after: (delayMs, run) => process.after(delayMs, run),
    soon: run => process.soon(run),
  };
}
