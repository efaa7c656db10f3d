import type { Clock } from '@rankd/server/dist/clock.js';
import type { ServerConfig } from '@rankd/server/dist/config.js';
import type { Coordinator, Effect, Entry, KeptSeat } from '@rankd/server/dist/core/index.js';
import { Gateway } from '@rankd/server/dist/gateway/gateway.js';
import type { OrderedLog } from '@rankd/server/dist/log/ordered-log.js';
import { ProcessClock, type SeededRandom, type VirtualClock } from '@rankd/testkit';
import type { Pipes, ServerSocket } from '@rankd/testkit/in-process';
import type { Host } from '../network/network.js';
import { ServerSockets } from '../network/server-sockets.js';
import { SimulatedLog } from './simulated-log.js';

/** What a server leaves behind for the next one: what the mirror keeps (R-VIEW-6). */
export interface RestartState {
  readonly epochLast: number;
  readonly orders: ReadonlyMap<string, readonly KeptSeat[]>;
}

export interface ServerPorts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly config: ServerConfig;
  readonly coordinator: Coordinator;
  readonly written: (bytes: Buffer) => Buffer;
  readonly applied: (entry: Entry, effects: readonly Effect[]) => void;
  /** Is it to be applied twice (I8)? */
  readonly doubles: (entry: Entry) => boolean;
  readonly doubled: (entry: Entry, effects: readonly Effect[]) => void;
}

/** Wall clock at the beginning of the world, ms. */
export const WALL_START_MS = 1_700_000_000_000;

/** One life of the server: the real gateway over the real core, without sockets. */
export class ServerProcess implements Host {
  readonly gateway: Gateway;
  readonly log: OrderedLog;
  readonly process: ProcessClock;
  readonly #clock: Clock;
  readonly #ends: ServerSockets;

  constructor({ clock, random, config, coordinator, written, applied, doubles, doubled }: ServerPorts) {
    this.process = new ProcessClock(clock, random.below(1_000_000));
    this.#ends = new ServerSockets(this.process, written);
    this.#clock = clockOf(this.process, clock, 0);
    this.log = new SimulatedLog(coordinator, { applied, doubles, doubled });
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
    return this.#ends.count;
  }

  /** A peer's first byte has come. */
  accept(pipes: Pipes): ServerSocket {
    return this.#ends.open(pipes, this.gateway);
  }

  /** SIGSTOP: its kernel still takes what comes. */
  stop(): void {
    this.process.stop();
    this.#ends.stop();
  }

  continue(): void {
    this.process.continue();
    this.#ends.continue();
  }

  /** SIGTERM: nothing new is accepted. What resolves once all commands have ended is not waited for: the world has no turns. */
  freeze(): void {
    void this.gateway.shutdown.drain(0);
  }

  sayGoodbye(): void {
    this.process.whenRunning(() => this.gateway.shutdown.sayGoodbye(100));
  }

  /** SIGKILL. */
  kill(): void {
    this.process.kill();
    this.#ends.die();
  }

  /** What a mirror that has kept up holds of it. */
  restartState(): RestartState {
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

/** `aheadMs`: what its wall clock is wrong by. */
export function clockOf(process: ProcessClock, world: VirtualClock, aheadMs: number): Clock {
  return {
    wallMs: () => WALL_START_MS + aheadMs + Math.floor(world.nowMs),
    monotonicMs: () => process.nowMs,
    // It is never too busy to look.
    idleMs: () => process.nowMs,
    after: (delayMs, run) => process.after(delayMs, run),
    soon: run => process.soon(run),
  };
}
