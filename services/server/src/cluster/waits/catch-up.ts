/** Reads a shard up to the present end of its stream. */

import type { Clock } from '../../clock.js';
import { StreamError } from '../stream-error.js';
import type { RecordStream } from '../stream-port.js';
import { formatPosition, isBefore, type Position } from '../stream-position.js';
import type { ConditionWaits } from './condition-waits.js';

/** After this long without a further record, the server reads the end of the stream again. */
export const END_AGAIN_MS = 1000;
/** After this long without a further record, the attempt to read the shard fails. The next attempt begins with the newest snapshot. */
export const CATCH_UP_STALLED_MS = 5000;

/** The shard that is read. */
export interface CatchUpPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly stream: Pick<RecordStream, 'readEndPosition'>;
  readonly waits: ConditionWaits;
  /** The position of the last applied record. */
  readonly position: () => Position;
  /** Whether no further record is applied. */
  readonly isOver: () => boolean;
}

/**
 * Waits until this server has applied the records of a shard up to the end that its stream has now. The record at that end may be lost with
 * a primary of Redis. Then this wait would never end, because the stream stays shorter. So the end is read again while no record arrives.
 */
export class CatchUp {
  readonly #ports: CatchUpPorts;
  #end: Position | undefined;

  constructor(ports: CatchUpPorts) {
    this.#ports = ports;
  }

  /** How far the shard is read, for people. */
  get progress(): string {
    if (this.#end === undefined) return 'it opens the stream';
    return `it has read up to record ${formatPosition(this.#ports.position())} of ${formatPosition(this.#end)}`;
  }

  /**
   * Resolves when all records up to the end are applied, or when no further record is applied.
   * @throws StreamError `unavailable` if no record arrives for CATCH_UP_STALLED_MS although the stream has further ones, or if Redis fails.
   */
  async readToEnd(): Promise<void> {
    const { clock, stream, waits, position, isOver } = this.#ports;
    this.#end = await stream.readEndPosition();
    let last = { position: position(), atMs: clock.monotonicMs() };
    while ((await waits.until(() => this.#hasReachedEnd() || isOver(), END_AGAIN_MS)) === 'late') {
      if (isBefore(last.position, position())) {
        last = { position: position(), atMs: clock.monotonicMs() };
        continue;
      }
      await this.#readEndAgain();
      const waitedMs = clock.monotonicMs() - last.atMs;
      if (waitedMs >= CATCH_UP_STALLED_MS && !this.#hasReachedEnd()) throw this.#stalled(waitedMs);
    }
  }

  #hasReachedEnd(): boolean {
    return this.#end === undefined || !isBefore(this.#ports.position(), this.#end);
  }

  /**
   * Waits for an earlier end if the stream has become shorter. Ignores a later end: while other servers write, this server would never
   * reach it.
   */
  async #readEndAgain(): Promise<void> {
    try {
      const end = await this.#ports.stream.readEndPosition();
      if (end === undefined || (this.#end !== undefined && isBefore(end, this.#end))) this.#end = end;
    } catch (error) {
      // Redis is unavailable at this moment. The wait has its own limit.
      if (!(error instanceof StreamError)) throw error;
    }
  }

  #stalled(waitedMs: number): StreamError {
    const [from, to] = [this.#ports.position(), this.#end].map(each =>
      each === undefined ? '' : formatPosition(each),
    );
    return new StreamError(
      'unavailable',
      `no record after ${from} has arrived for ${waitedMs} ms, and the stream ends at ${to}`,
    );
  }
}
