import type { Timer } from '../clock.js';
import type { WriteQueue } from './write-queue.js';
import { errorSummary } from '../error-summary.js';
import type { GroupWriteQueue } from './group-write-queue.js';
import type { MirrorConnection } from './mirror-connection.js';
import type { MirrorPorts } from './settings.js';
import type { ConnectionHealth } from './connection-health.js';

/** `resting`: a write failed, and nothing is written until it is time to try again. */
type PumpState = 'idle' | 'writing' | 'resting' | 'closed';

/** Writes to Redis what waits in the backlogs, one write at a time. */
export class MirrorWriter {
  readonly #backlogs: WriteQueue;
  readonly #connection: MirrorConnection;
  readonly #health: ConnectionHealth;
  readonly #ports: MirrorPorts;
  #state: PumpState = 'idle';
  #retry: Timer | undefined;

  constructor(backlogs: WriteQueue, connection: MirrorConnection, health: ConnectionHealth, ports: MirrorPorts) {
    this.#backlogs = backlogs;
    this.#connection = connection;
    this.#health = health;
    this.#ports = ports;
  }

  /** A write is in flight. */
  get isWriting(): boolean {
    return this.#state === 'writing';
  }

  /** Resolves when nothing waits or a write has failed; at once where another run is under way or it is not the time. */
  async run(): Promise<void> {
    if (this.#state !== 'idle' || !this.#connection.isReady) return;
    this.#state = 'writing';
    for (const [name, backlog] of this.#backlogs.take()) {
      if (!(await this.#write(name, backlog))) return;
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
  async #write(name: string, backlog: GroupWriteQueue): Promise<boolean> {
    const startedMs = this.#ports.clock.monotonicMs();
    try {
      const write = backlog.next();
      const result = await this.#connection.write(name, write);
      if (result === 'whole') {
        this.#backlogs.wantWhole(name, backlog);
        return true;
      }
      this.#backlogs.wrote(name, backlog, write);
      this.#ports.written(result, (this.#ports.clock.monotonicMs() - startedMs) / 1000);
      if (!this.#backlogs.isFailing) this.#health.succeeded();
      return true;
    } catch (error) {
      this.#failed(name, error);
      return false;
    }
  }

  #failed(name: string, error: unknown): void {
    this.#backlogs.failed(name);
    this.#ports.written('failed', 0);
    this.#health.failed(error);
    if (this.#state === 'closed') return;
    this.#state = 'resting';
    if (errorSummary(error).includes('timed out')) this.#connection.renew();
    this.#retry?.cancel();
    this.#retry = this.#ports.clock.after(this.#health.retryMs, () => {
      if (this.#state === 'resting') this.#state = 'idle';
      void this.run();
    });
  }
}
