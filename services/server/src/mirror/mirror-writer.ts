/** Writes the queued groups to Redis. */

import type { Timer } from '../clock.js';
import type { WriteQueue } from './write-queue.js';
import { errorSummary } from '../error-summary.js';
import type { GroupWriteQueue } from './group-write-queue.js';
import type { MirrorConnection } from './mirror-connection.js';
import type { MirrorPorts } from './settings.js';
import type { ConnectionHealth } from './connection-health.js';

/** `backing-off`: a write has failed, and nothing is written until the delay before the next attempt has passed. */
type WriterState = 'idle' | 'writing' | 'backing-off' | 'closed';

/** The functions and values that a MirrorWriter gets from its owner. */
export interface MirrorWriterPorts extends MirrorPorts {
  /** Whether this server may write to Redis. */
  readonly mayWrite: () => boolean;
  /** Called when Redis has refused a write because it has a newer view of this group. */
  readonly recordStale: (group: string) => void;
}

/** Writes the queued groups to Redis, one write at a time. After a failed write it waits before the next attempt. */
export class MirrorWriter {
  readonly #queue: WriteQueue;
  readonly #connection: MirrorConnection;
  readonly #health: ConnectionHealth;
  readonly #ports: MirrorWriterPorts;
  #state: WriterState = 'idle';
  #retry: Timer | undefined;

  constructor(queue: WriteQueue, connection: MirrorConnection, health: ConnectionHealth, ports: MirrorWriterPorts) {
    this.#queue = queue;
    this.#connection = connection;
    this.#health = health;
    this.#ports = ports;
  }

  /** Whether a write is in flight. */
  get isWriting(): boolean {
    return this.#state === 'writing';
  }

  /**
   * Writes all queued groups. Resolves when the queue is empty or a write has failed. Does nothing if it runs already, during the delay
   * after a failure, if the connection is not ready, or if this server may not write.
   */
  async writeWaiting(): Promise<void> {
    if (this.#state !== 'idle' || !this.#connection.isReady || !this.#ports.mayWrite()) return;
    this.#state = 'writing';
    for (const [name, groupQueue] of this.#queue.drainWaiting()) {
      // This server may have lost the right to write while a write was awaited.
      if (!this.#ports.mayWrite()) break;
      if (!(await this.#writeGroup(name, groupQueue))) return;
    }
    // close() may have changed the state while a write was awaited. The getter keeps TypeScript from assuming that the state is still
    // `writing`.
    if (this.isWriting) this.#state = 'idle';
  }

  /** Ends the delay after a failure, because the connection is ready again. */
  cancelBackoff(): void {
    this.#retry?.cancel();
    if (this.#state === 'backing-off') this.#state = 'idle';
  }

  /** Stops writing. It cannot be started again. */
  close(): void {
    this.#state = 'closed';
    this.#retry?.cancel();
  }

  /** Writes one group. If the write fails, schedules another attempt and returns false. */
  async #writeGroup(name: string, groupQueue: GroupWriteQueue): Promise<boolean> {
    const startedMs = this.#ports.clock.monotonicMs();
    try {
      const write = groupQueue.buildWrite();
      const result = await this.#connection.write(name, write);
      if (result === 'whole') {
        this.#queue.enqueueWholeRoster(name, groupQueue);
        return true;
      }
      this.#queue.recordWritten(name, groupQueue, write);
      this.#ports.recordWrite(result, (this.#ports.clock.monotonicMs() - startedMs) / 1000);
      if (result === 'stale') this.#ports.recordStale(name);
      if (!this.#queue.isFailing) this.#health.recordSuccess();
      return true;
    } catch (error) {
      this.#backOffAfterFailure(name, error);
      return false;
    }
  }

  #backOffAfterFailure(name: string, error: unknown): void {
    this.#queue.recordFailed(name);
    this.#ports.recordWrite('failed', 0);
    this.#health.recordFailure(error);
    if (this.#state === 'closed') return;
    this.#state = 'backing-off';
    if (errorSummary(error).includes('timed out')) this.#connection.reconnect();
    this.#retry?.cancel();
    this.#retry = this.#ports.clock.after(this.#health.retryMs, () => {
      if (this.#state === 'backing-off') this.#state = 'idle';
      void this.writeWaiting();
    });
  }
}
