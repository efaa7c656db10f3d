/** A connection of the partition simulation, with delays in each direction. */

import type { RosterMessage, ViewMessage } from '@rankd/protocol';
import type { PartitionSimulation } from './partition-simulation.js';
import type { SimulatedWorker } from './simulated-worker.js';

/** How often the simulated server sends a heartbeat, ms. */
export const HEARTBEAT_MS = 100;
/** How long a worker may act without an acknowledged heartbeat, ms. */
export const SUSPEND_MS = 300;
/** How long a worker may be silent before it has left, ms. */
export const DEAD_MS = 500;
/** The epoch of the simulated group. */
export const EPOCH = 70;

/** The right to a seat (R-JOIN-6). Each secret is valid once here, so that a delayed hello does not take a seat back. */
export interface Claim {
  readonly member: string;
  readonly secret: number;
}
/** A message of the simulated server. */
export type ToMember =
  | { readonly type: 'welcome'; readonly claim: Claim; readonly view: number; readonly isFounder: boolean }
  | { readonly type: 'ping'; readonly n: number; readonly seen: number }
  | { readonly type: 'bye'; readonly retry: boolean }
  | ViewMessage
  | RosterMessage;
/** A message of a worker. */
export type ToServer =
  | { readonly type: 'hello'; readonly resume: Claim | undefined }
  | { readonly type: 'pong'; readonly n: number }
  | { readonly type: 'roster' }
  | { readonly type: 'leave' }
  | { readonly type: 'closed' };

/** One direction of a connection. Messages arrive in order, each after its own delay, and none while the pipe is blocked. */
class DelayedPipe<Message> {
  readonly #simulation: PartitionSimulation;
  readonly #receive: (message: Message) => void;
  #blockedUntilMs = 0;
  isCut = false;

  constructor(simulation: PartitionSimulation, receive: (message: Message) => void) {
    this.#simulation = simulation;
    this.#receive = receive;
  }

  send(message: Message): void {
    const { clock, random, network: weather } = this.#simulation;
    const delayMs = weather === 'rough' && random.chance(0.05) ? random.below(2 * SUSPEND_MS) : random.below(20);
    const atMs = Math.max(clock.nowMs + delayMs, this.#blockedUntilMs);
    this.#blockedUntilMs = atMs;
    clock.after(atMs - clock.nowMs, () => {
      if (!this.isCut) this.#receive(message);
    });
  }

  blockFor(ms: number): void {
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, this.#simulation.clock.nowMs + ms);
  }
}

/** A connection between a worker and the simulated coordinator. */
export class SimulatedSession {
  readonly down: DelayedPipe<ToMember>;
  readonly up: DelayedPipe<ToServer>;
  member: string | undefined;
  lastPongAtMs: number;
  pings = 0;
  lastPong = 0;
  sentView = 0;

  constructor(simulation: PartitionSimulation, worker: SimulatedWorker) {
    this.down = new DelayedPipe<ToMember>(simulation, message => worker.receive(this, message));
    this.up = new DelayedPipe<ToServer>(simulation, message => simulation.coordinator.receive(this, message));
    this.lastPongAtMs = simulation.clock.nowMs;
  }
}
