import type { Timer } from '../clock.js';
import type { WriteQueue } from './write-queue.js';
import { errorSummary } from '../error-summary.js';
import type { GroupWriteQueue } from './group-write-queue.js';
import type { MirrorConnection } from './mirror-connection.js';
import type { MirrorPorts } from './settings.js';
import type { ConnectionHealth } from './connection-health.js';

/** `resting`: a write failed, and nothing is written until it is time to try again. */
type WriterState = 'idle' | 'writing' | 'resting' | 'closed';

/** Writes to Redis what waits in the queue, one write at a time. */
export class MirrorWriter {
  readonly #queue: WriteQueue;
  readonly #connection: MirrorConnection;
  readonly #health: ConnectionHealth;
  readonly #ports: MirrorPorts;
  #state: WriterState = 'idle';
  #retry: Timer | undefined;

  constructor(queue: WriteQueue, connection: MirrorConnection, health: ConnectionHealth, ports: MirrorPorts) {
    this.#queue = queue;
    this.#connection = connection;
    this.#health = health;
    this.#ports = ports;
  }

  /** A write is in flight. */
  get isWriting(): boolean {
    return this.#state === 'writing';
  }

  /** Resolves when nothing waits or a write has failed; at once where another run is under way or it is not the time. */
  async writeWaiting(): Promise<void> {
    if (this.#state !== 'idle' || !this.#connection.isReady) return;
    this.#state = 'writing';
    for (const [name, groupQueue] of this.#queue.takeWaiting()) {
      if (!(await this.#write(name, groupQueue))) return;
    }
    // Read through a getter: it may have changed while a write was awaited.
    if (this.isWriting) this.#state = 'idle';
  }

  /** There is reason to try again now. */
  wake(): void {
    this.#retry?.cancel();
    if (this.#state === 'resting') this.#state = 'idle';
  }

  close(): void {
    this.#state = 'closed';
    this.#retry?.cancel();
  }

  /** False where Redis did not take it: it is tried again later. */
  async #write(name: string, groupQueue: GroupWriteQueue): Promise<boolean> {
    const startedMs = this.#ports.clock.monotonicMs();
    try {
      const write = groupQueue.makeWrite();
      const result = await this.#connection.write(name, write);
      if (result === 'whole') {
        this.#queue.requestWhole(name, groupQueue);
        return true;
      }
      this.#queue.recordWritten(name, groupQueue, write);
      this.#ports.recordWrite(result, (this.#ports.clock.monotonicMs() - startedMs) / 1000);
      if (!this.#queue.isFailing) this.#health.recordSuccess();
      return true;
    } catch (error) {
      this.#restAfterFailure(name, error);
      return false;
    }
  }

  #restAfterFailure(name: string, error: unknown): void {
    this.#queue.recordFailed(name);
    this.#ports.recordWrite('failed', 0);
    this.#health.recordFailure(error);
    if (this.#state === 'closed') return;
    this.#state = 'resting';
    if (errorSummary(error).includes('timed out')) this.#connection.reconnect();
    this.#retry?.cancel();
    this.#retry = this.#ports.clock.after(this.#health.retryMs, () => {
      if (this.#state === 'resting') this.#state = 'idle';
      void this.writeWaiting();
    });
  }
}
