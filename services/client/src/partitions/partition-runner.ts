import { assertNever } from '@rankd/protocol';
import type { Clock, Timer } from '../clock.js';
import { backoffMs } from '../connection/backoff.js';
import type { Logger } from '../logger.js';
import type { Fence } from '../session/seat.js';
import { type OwnershipTimings, type PartitionAction, PartitionOwnership } from './ownership.js';
import { PartitionLease } from './partition-lease.js';
import type { PartitionHandlers, Partitions } from './partitions.js';
import type { RosterChange } from './roster-replica.js';

/** Between two attempts to take a partition; full jitter makes it half of that on average. */
const BACKOFF = { baseMs: 100, capMs: 5000 };

export interface PartitionRunnerPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Until when the member knows who its fellow members are, by the clock. */
  readonly knownUntilMs: () => number;
}

/** What goes on with one partition; it is forgotten once nothing does. */
interface Lane {
  hold: PartitionLease | undefined;
  /** Settles once what was begun has; the next thing begins then. */
  busy: Promise<void>;
  failures: number;
}

/** The partitions of one call of `partitions`: does what the table says, in order for each partition. */
export class PartitionRunner implements Partitions {
  readonly count: number;
  readonly #handlers: PartitionHandlers;
  readonly #ports: PartitionRunnerPorts;
  readonly #table: PartitionOwnership;
  readonly #lanes = new Map<number, Lane>();
  #timer: Timer | undefined;
  #leaving: Promise<void> | undefined;
  #vacated: () => void = () => undefined;

  constructor(count: number, handlers: PartitionHandlers, handoverMs: number, ports: PartitionRunnerPorts) {
    this.count = count;
    this.#handlers = handlers;
    this.#ports = ports;
    this.#table = new PartitionOwnership(count, handoverMs);
  }

  get held(): readonly number[] {
    return this.#table.occupied.filter(partition => this.holds(partition));
  }

  holds(partition: number): boolean {
    return this.#table.holds(partition, this.#ports.clock.nowMs(), this.#ports.knownUntilMs());
  }

  seated(terms: OwnershipTimings): void {
    this.#table.seated(terms, this.#ports.clock.nowMs());
  }

  changed(change: RosterChange): void {
    this.#table.changed(change, this.#ports.clock.nowMs());
    this.look();
  }

  /** Gives up all that it holds; resolves once it has, or may hold it no more. */
  async leave(): Promise<void> {
    this.#leaving ??= new Promise<void>(resolve => {
      this.#vacated = resolve;
    });
    this.#table.leave(this.#ports.clock.nowMs());
    this.look();
    await this.#leaving;
  }

  /** Does what is to be done by now. */
  look(): void {
    const { clock, knownUntilMs } = this.#ports;
    this.#timer?.cancel();
    const nowMs = clock.nowMs();
    const untilMs = knownUntilMs();
    this.#tell(this.#table.pass(nowMs, untilMs).map(action => this.#perform(action)));
    if (this.#table.occupied.length === 0) this.#vacated();
    // While it knows nothing there is nothing to wait for but what it is told.
    const nextMs = nowMs < untilMs ? Math.min(this.#table.nextAtMs, untilMs) - nowMs : Number.POSITIVE_INFINITY;
    if (nextMs < Number.POSITIVE_INFINITY) this.#timer = clock.after(Math.max(0, Math.ceil(nextMs)), () => this.look());
  }

  #perform(action: PartitionAction): PartitionAction['kind'] {
    const { partition, kind } = action;
    const lane = this.#lanes.get(partition) ?? { hold: undefined, busy: Promise.resolve(), failures: 0 };
    this.#lanes.set(partition, lane);
    switch (kind) {
      case 'acquire':
        this.#acquire(partition, lane, action.fence);
        break;
      case 'release':
        this.#release(partition, lane, action.deadlineMs);
        break;
      case 'lost':
        this.#lose(partition, lane);
        break;
      default:
        assertNever(action);
    }
    return kind;
  }

  #acquire(partition: number, lane: Lane, fence: Fence): void {
    const hold = new PartitionLease(fence, () => this.holds(partition));
    lane.hold = hold;
    this.#then(partition, lane, async () => {
      if (!hold.isActive()) return;
      hold.isAcquired = true;
      const isDone = await this.#settles('acquire', partition, () => this.#handlers.acquire(partition, hold));
      lane.failures = isDone ? 0 : lane.failures + 1;
      if (isDone || !hold.isActive()) return;
      hold.isAcquired = false;
      hold.abort();
      const retryInMs = backoffMs(lane.failures, BACKOFF, Math.random);
      this.#table.failed(partition, this.#ports.clock.nowMs() + retryInMs);
      this.look();
    });
  }

  #release(partition: number, lane: Lane, deadlineMs: number): void {
    const { hold } = lane;
    if (hold === undefined) return;
    const endsAtMs = this.#ports.clock.nowMs() + deadlineMs;
    this.#then(partition, lane, async () => {
      if (hold.isAcquired && !hold.isActive()) {
        // By the clock it is too late to give it up: it is lost, and that is what is told.
        this.look();
        return;
      }
      if (hold.isAcquired) {
        const leftMs = Math.max(0, Math.round(endsAtMs - this.#ports.clock.nowMs()));
        const { fence, signal } = hold;
        await this.#settles('release', partition, () =>
          this.#handlers.release?.(partition, { fence, signal, deadlineMs: leftMs }),
        );
      }
      // What was lost meanwhile is no longer this hold's to give up.
      if (lane.hold !== hold) return;
      lane.hold = undefined;
      lane.failures = 0;
      hold.abort();
      this.#table.released(partition, this.#ports.clock.nowMs());
      this.look();
    });
  }

  /** Nothing waits for its turn here: what runs may never end. */
  #lose(partition: number, lane: Lane): void {
    const { hold } = lane;
    lane.hold = undefined;
    lane.failures = 0;
    if (hold === undefined) return;
    hold.abort();
    if (!hold.isAcquired) return;
    const told = this.#settles('lost', partition, () => this.#handlers.lost?.(partition));
    this.#then(partition, lane, async () => {
      await told;
    });
  }

  /** `step` begins at once where nothing is under way for the partition, else once that is over. */
  #then(partition: number, lane: Lane, step: () => Promise<void>): void {
    const busy = lane.busy.then(step);
    lane.busy = busy;
    void busy.then(() => {
      if (lane.busy === busy && lane.hold === undefined && lane.failures === 0) this.#lanes.delete(partition);
    });
  }

  /** True where it did what it should; else that is logged. */
  async #settles(during: keyof PartitionHandlers, partition: number, handler: () => unknown): Promise<boolean> {
    try {
      await handler();
      return true;
    } catch (error) {
      this.#ports.logger.error(
        { event: 'partition.failed', during, partition, err: error },
        `${during} of partition ${partition} failed: ${error instanceof Error ? error.message : String(error)}`,
      );
      return false;
    }
  }

  #tell(kinds: readonly PartitionAction['kind'][]): void {
    if (kinds.length === 0) return;
    const counted = (kind: PartitionAction['kind']): number => kinds.filter(each => each === kind).length;
    const [acquired, releasing, lost] = [counted('acquire'), counted('release'), counted('lost')];
    this.#ports.logger.debug(
      { event: 'partitions.changed', of: this.count, acquired, releasing, lost },
      `partitions: ${acquired} acquired, ${releasing} to be released, ${lost} lost`,
    );
  }
}
