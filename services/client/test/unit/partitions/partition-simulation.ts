/** Workers that divide partitions, under random faults, on a simulated clock. */

import { SeededRandom, VirtualClock } from '@rankd/testkit';
import { hashMember, outweighs } from '../../../src/partitions/rendezvous-hash.js';
import type { Fence } from '../../../src/session/seat.js';
import { SimulatedCoordinator } from './simulated-coordinator.js';
import { DEAD_MS, HEARTBEAT_MS } from './simulated-session.js';
import { SimulatedWorker } from './simulated-worker.js';

/** Options of a simulation. */
export interface PartitionSimulationOptions {
  readonly seed: number;
  readonly count: number;
  readonly handoverMs: number;
  readonly members: number;
  /** How long the server keeps the seat of a lost connection, ms. 0: the member leaves at once. */
  readonly graceMs: number;
  /** The `suspendMs` that workers assume. Default: the correct one. Another value plants a fault. */
  readonly believedSuspendMs?: number;
}

/** A coordinator and workers under random faults. It records a violation if two workers hold one partition. */
export class PartitionSimulation {
  readonly options: PartitionSimulationOptions;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly coordinator: SimulatedCoordinator;
  readonly violations: string[] = [];
  workers: SimulatedWorker[] = [];
  network: 'rough' | 'fair' = 'rough';
  acquisitions = 0;
  readonly #lastFence = new Map<number, { readonly fence: Fence; readonly holder: SimulatedWorker }>();

  constructor(options: PartitionSimulationOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed);
    this.coordinator = new SimulatedCoordinator(this);
    const sendPings = (): void => {
      this.coordinator.sendPings();
      this.clock.after(HEARTBEAT_MS, sendPings);
    };
    const performActions = (): void => {
      for (const worker of this.workers) worker.performActions();
      this.clock.after(5, performActions);
    };
    sendPings();
    performActions();
  }

  checkAcquisition(holder: SimulatedWorker, partition: number, fence: Fence): void {
    this.acquisitions += 1;
    for (const other of this.workers) {
      if (other === holder || !other.holds(partition)) continue;
      this.violations.push(`at ${this.clock.nowMs}: ${holder.member} takes ${partition}, which ${other.member} holds`);
    }
    const last = this.#lastFence.get(partition);
    if (last !== undefined && last.holder !== holder && fence.view <= last.fence.view) {
      this.violations.push(`the token of ${partition} went from ${last.fence.view} to ${fence.view}`);
    }
    this.#lastFence.set(partition, { fence, holder });
  }

  /** Injects `steps` events, then runs until every event has taken full effect. */
  run(steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      this.#injectEvent();
      this.clock.pass(this.random.below(80));
    }
    this.network = 'fair';
    this.coordinator.sendViews();
    this.#startMissingWorkers();
    this.clock.pass(20 * DEAD_MS + 3 * this.options.handoverMs + this.options.graceMs);
  }

  /** Returns the member that should own the partition, by comparing all members. */
  ownerOf(partition: number): string | undefined {
    return this.coordinator.members
      .map(hashMember)
      .reduce<ReturnType<typeof hashMember> | undefined>(
        (best, each) => (best === undefined || outweighs(each, best, partition) ? each : best),
        undefined,
      )?.member;
  }

  /** Returns the members that own the partition now. */
  holdersOf(partition: number): readonly (string | undefined)[] {
    return this.workers.filter(worker => worker.holds(partition)).map(({ member }) => member);
  }

  #startMissingWorkers(): void {
    this.workers = this.workers.filter(({ state }) => state !== 'gone');
    while (this.workers.length < this.options.members) {
      const worker = new SimulatedWorker(this);
      this.workers.push(worker);
      worker.connect();
    }
  }

  #injectEvent(): void {
    const { random } = this;
    const worker = random.pick(this.workers);
    const dice = random.below(12);
    if (worker === undefined || dice < 2) return this.#startMissingWorkers();
    if (dice < 4) worker.session?.down.blockFor(random.below(2 * DEAD_MS));
    else if (dice < 6) worker.session?.up.blockFor(random.below(2 * DEAD_MS));
    else if (dice === 6) worker.stoppedUntilMs = this.clock.nowMs + random.below(2 * DEAD_MS);
    else if (dice === 7) worker.crash();
    else if (dice === 8) worker.leave();
    else if (dice === 9) worker.disconnect();
    else if (dice === 10 && worker.member !== undefined) this.coordinator.remove(worker.member);
    else this.coordinator.sendViews();
  }
}
