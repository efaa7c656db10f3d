/** Runs the handlers of one `partitions()` call. */

import { assertNever } from '@rankd/protocol';
import type { Clock, Timer } from '../clock.js';
import { backoffMs } from '../connection/backoff.js';
import { errorText } from '../error-text.js';
import type { Logger } from '../logger.js';
import type { Fence } from '../session/seat.js';
import { type OwnershipSeat, type PartitionAction, PartitionOwnership } from './ownership.js';
import { PartitionLease } from './partition-lease.js';
import type { PartitionHandlers, Partitions } from './partition-types.js';
import type { RosterChange } from './roster-replica.js';

/** The delay between two attempts to acquire a partition, ms. With full jitter it is half of the bound on average. */
const BACKOFF = { baseMs: 100, capMs: 5000 };

/** The functions and values that a runner gets from its membership. */
export interface PartitionRunnerPorts extends PartitionErrors {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Returns the time until which this member knows the roster, by the monotonic clock. */
  readonly knownUntilMs: () => number;
}

/** Reports errors of the application's functions. */
export interface PartitionErrors {
  /** Reports an error of a handler. It is logged already. */
  readonly reportError: (handler: keyof PartitionHandlers, error: unknown) => void;
  /** Makes the errors of listeners of a partition's signal known. */
  readonly reportAbortErrors: (signal: AbortSignal) => void;
}

/** The handlers of one partition that run or wait to run. Deleted when all have ended. */
interface PartitionTasks {
  lease: PartitionLease | undefined;
  /** Resolves when the last handler of this partition has settled. The next one starts then. */
  done: Promise<void>;
  failures: number;
}

/** One `partitions()` call. Performs the actions of its `PartitionOwnership` by calling the handlers, one at a time for each partition. */
export class PartitionRunner implements Partitions {
  readonly count: number;
  readonly #handlers: PartitionHandlers;
  readonly #ports: PartitionRunnerPorts;
  readonly #ownership: PartitionOwnership;
  readonly #tasks = new Map<number, PartitionTasks>();
  #timer: Timer | undefined;
  #allReleased: Promise<void> | undefined;
  #onAllReleased: () => void = () => undefined;

  constructor(count: number, handlers: PartitionHandlers, handoverMs: number, ports: PartitionRunnerPorts) {
    this.count = count;
    this.#handlers = handlers;
    this.#ports = ports;
    this.#ownership = new PartitionOwnership(count, handoverMs);
  }

  get held(): readonly number[] {
    return this.#ownership.heldOrReleasing.filter(partition => this.holds(partition));
  }

  holds(partition: number): boolean {
    return this.#ownership.holds(partition, this.#ports.clock.nowMs(), this.#ports.knownUntilMs());
  }

  /** Records a seat of this member. */
  setSeat(seat: OwnershipSeat): void {
    this.#ownership.setSeat(seat, this.#ports.clock.nowMs());
  }

  /** Applies a change of the roster. */
  applyChange(change: RosterChange): void {
    this.#ownership.applyChange(change, this.#ports.clock.nowMs());
    this.runDueActions();
  }

  /** Releases all partitions. Resolves when they are released, or when their leases have expired. */
  async releaseAll(): Promise<void> {
    this.#allReleased ??= new Promise<void>(resolve => {
      this.#onAllReleased = resolve;
    });
    this.#ownership.releaseAll(this.#ports.clock.nowMs());
    this.runDueActions();
    await this.#allReleased;
  }

  /** Runs every action that is due, and starts the timer for the next one. */
  runDueActions(): void {
    const { clock, knownUntilMs } = this.#ports;
    const nowMs = clock.nowMs();
    const untilMs = knownUntilMs();
    this.#logActions(this.#ownership.collectActions(nowMs, untilMs).map(action => this.#startAction(action)));
    if (this.#ownership.heldOrReleasing.length === 0) this.#onAllReleased();
    // `lost` and the logger are functions of the application. They may have called the library, which has then started a timer.
    this.#timer?.cancel();
    // If the roster is not known, set no timer: the next message of the server calls this method again.
    const nextMs =
      nowMs < untilMs ? Math.min(this.#ownership.nextActionAtMs, untilMs) - nowMs : Number.POSITIVE_INFINITY;
    if (nextMs < Number.POSITIVE_INFINITY)
      this.#timer = clock.after(Math.max(0, Math.ceil(nextMs)), () => this.runDueActions());
  }

  #startAction(action: PartitionAction): PartitionAction['kind'] {
    const { partition, kind } = action;
    const tasks = this.#tasks.get(partition) ?? { lease: undefined, done: Promise.resolve(), failures: 0 };
    this.#tasks.set(partition, tasks);
    switch (kind) {
      case 'acquire':
        this.#acquire(partition, tasks, action.fence);
        break;
      case 'release':
        this.#release(partition, tasks, action.deadlineMs);
        break;
      case 'lost':
        this.#lose(partition, tasks);
        break;
      default:
        assertNever(action);
    }
    return kind;
  }

  #acquire(partition: number, tasks: PartitionTasks, fence: Fence): void {
    const lease = new PartitionLease(fence, () => this.holds(partition), this.#ports.reportAbortErrors);
    tasks.lease = lease;
    this.#enqueue(partition, tasks, async () => {
      if (!lease.isActive()) return;
      lease.isAcquired = true;
      const isDone = await this.#callHandler('acquire', partition, () => this.#handlers.acquire(partition, lease));
      tasks.failures = isDone ? 0 : tasks.failures + 1;
      if (isDone || !lease.isActive()) return;
      lease.isAcquired = false;
      lease.abort();
      const retryInMs = backoffMs(tasks.failures, BACKOFF, this.#ports.random);
      this.#ownership.recordFailure(partition, this.#ports.clock.nowMs() + retryInMs);
      this.runDueActions();
    });
  }

  #release(partition: number, tasks: PartitionTasks, deadlineMs: number): void {
    const { lease } = tasks;
    if (lease === undefined) return;
    const endsAtMs = this.#ports.clock.nowMs() + deadlineMs;
    this.#enqueue(partition, tasks, async () => {
      if (lease.isAcquired && !lease.isActive()) {
        // The lease has expired, so it is too late for `release`: the partition is lost, and `lost` is called.
        this.runDueActions();
        return;
      }
      if (lease.isAcquired) {
        const leftMs = Math.max(0, Math.round(endsAtMs - this.#ports.clock.nowMs()));
        const { fence, signal } = lease;
        await this.#callHandler('release', partition, () =>
          this.#handlers.release?.(partition, { fence, signal, deadlineMs: leftMs }),
        );
      }
      // Skip this step if its partition was lost while it waited. The partition may have a newer lease.
      if (tasks.lease !== lease) return;
      tasks.lease = undefined;
      tasks.failures = 0;
      lease.abort();
      this.#ownership.recordRelease(partition, this.#ports.clock.nowMs());
      this.runDueActions();
    });
  }

  /** Calls `lost` at once. Does not wait for a running handler, because it may never end. */
  #lose(partition: number, tasks: PartitionTasks): void {
    const { lease } = tasks;
    tasks.lease = undefined;
    tasks.failures = 0;
    if (lease === undefined) return;
    lease.abort();
    if (!lease.isAcquired) return;
    const handlerDone = this.#callHandler('lost', partition, () => this.#handlers.lost?.(partition));
    this.#enqueue(partition, tasks, async () => {
      await handlerDone;
    });
  }

  /** Runs `step` after the earlier steps of this partition. */
  #enqueue(partition: number, tasks: PartitionTasks, step: () => Promise<void>): void {
    const done = tasks.done.then(step);
    tasks.done = done;
    void done.then(() => {
      if (tasks.done === done && tasks.lease === undefined && tasks.failures === 0) this.#tasks.delete(partition);
    });
  }

  /** Calls a handler and returns whether it succeeded. Logs and reports its error otherwise. */
  async #callHandler(during: keyof PartitionHandlers, partition: number, handler: () => unknown): Promise<boolean> {
    try {
      await handler();
      return true;
    } catch (error) {
      this.#ports.logger.error(
        { event: 'partition.failed', during, partition, err: error },
        `${during} of partition ${partition} failed: ${errorText(error)}`,
      );
      this.#ports.reportError(during, error);
      return false;
    }
  }

  #logActions(kinds: readonly PartitionAction['kind'][]): void {
    if (kinds.length === 0) return;
    const counted = (kind: PartitionAction['kind']): number => kinds.filter(each => each === kind).length;
    const [acquired, releasing, lost] = [counted('acquire'), counted('release'), counted('lost')];
    this.#ports.logger.debug(
      { event: 'partitions.changed', of: this.count, acquired, releasing, lost },
      `partitions: ${acquired} acquired, ${releasing} to be released, ${lost} lost`,
    );
  }
}
