/** Keeps over restarts which cluster and epoch this server serves. */

import { type Clock, repeat, type Timer } from '../../clock.js';
import type { Watcher } from '../../server-event.js';
import type { ClusterResumePoint } from '../lost-history/resume-point.js';
import type { ServedState, ServedStateStore } from './served-state.js';

/** How often the last records are written. A new epoch is written at once. */
export const STATE_WRITE_MS = 5000;
/** How often this server checks whether a write is due. */
const CHECK_MS = 100;

/** The functions and values that a ServedCluster gets from its owner. */
export interface ServedClusterPorts {
  readonly clock: Clock;
  readonly watch: Watcher;
}

/** The incarnation whose state is kept. */
export interface ServingIncarnation {
  readonly cluster: string;
  readonly log: { readonly resumePoint: ClusterResumePoint };
}

/**
 * Keeps what this server serves: at once when the cluster or the epoch changes, else every STATE_WRITE_MS. One write is in progress at a
 * time. Without a store it keeps nothing.
 */
export class ServedCluster {
  /** What an earlier run has kept. */
  readonly before: ServedState | undefined;
  /** The largest epoch that was issued before this run. */
  readonly epochBefore: number;
  readonly #store: ServedStateStore | undefined;
  readonly #ports: ServedClusterPorts;
  readonly #running: () => ServingIncarnation | undefined;
  #timer: Timer | undefined;
  #written: { readonly clusterId: string; readonly epoch: number } | undefined;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | undefined;
  #result: 'ok' | 'failed' = 'ok';

  /**
   * `epochLast` is the largest epoch that was issued before, as far as Redis knows. `running` returns the incarnation that serves
   * members.
   */
  constructor(
    store: ServedStateStore | undefined,
    epochLast: number,
    ports: ServedClusterPorts,
    running: () => ServingIncarnation | undefined = () => undefined,
  ) {
    this.#running = running;
    this.#store = store;
    this.#ports = ports;
    this.before = store?.read();
    this.epochBefore = Math.max(epochLast, this.before?.epoch ?? 0);
  }

  /** Starts to check whether a write is due. */
  start(): void {
    if (this.#store !== undefined) this.#timer = repeat(this.#ports.clock, CHECK_MS, () => this.#checkRunning());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #checkRunning(): void {
    const running = this.#running();
    if (running !== undefined) this.writeIfDue(running);
  }

  /** Writes the state if that is due. */
  writeIfDue(incarnation: ServingIncarnation): void {
    if (this.#writing !== undefined || this.#store === undefined) return;
    const { clusterId, epoch } = this.#stateOf(incarnation);
    const isNew = clusterId !== this.#written?.clusterId || epoch > this.#written.epoch;
    const sinceMs = this.#ports.clock.monotonicMs() - this.#writtenAtMs;
    if (sinceMs >= (isNew && this.#result === 'ok' ? 0 : STATE_WRITE_MS)) void this.write(incarnation);
  }

  /** Writes the state now. Resolves when it was written, or when writing has failed. */
  async write(incarnation: ServingIncarnation): Promise<void> {
    await this.#writing;
    if (this.#store === undefined) return;
    const state = this.#stateOf(incarnation);
    this.#writtenAtMs = this.#ports.clock.monotonicMs();
    this.#writing = this.#store.write(state).then(
      () => this.#recordWritten(state),
      (error: unknown) => this.#recordFailure(error as Error),
    );
    await this.#writing;
  }

  #stateOf({ cluster, log: { resumePoint } }: ServingIncarnation): ServedState {
    const epoch = resumePoint.reduce((most, point) => Math.max(most, point?.epochLast ?? 0), this.epochBefore);
    return { clusterId: cluster, epoch, resumePoint };
  }

  #recordWritten({ clusterId, epoch }: ServedState): void {
    this.#writing = undefined;
    this.#written = { clusterId, epoch };
    this.#result = 'ok';
  }

  /** Reports the first of several failures in a row. */
  #recordFailure({ message }: Error): void {
    this.#writing = undefined;
    if (this.#result === 'ok') this.#ports.watch({ event: 'log.warning', sentence: message });
    this.#result = 'failed';
  }
}
