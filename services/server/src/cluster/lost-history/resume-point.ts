/** Where a server starts when it follows a shard again. */

import type { ServerId } from '../../core/index.js';
import type { RecordRef, RecordStream } from '../stream-port.js';
import type { LostHistory, LostRecord } from './lost-history.js';

/**
 * The point at which this server stopped following a shard. The server starts from there when it follows the shard again, in this
 * incarnation or the next.
 */
export interface ShardResumePoint extends LostRecord {
  /** The last incarnation that has announced itself in the shard. Undefined after a restart of the server. */
  readonly server: ServerId | undefined;
  /** The last record that this server read. */
  readonly last: RecordRef | undefined;
  /** The number of the last batch that it sent. */
  readonly lastBatch: number;
}

/** Where the next incarnation starts to follow each shard, by shard index. Undefined for a shard that was never followed. */
export type ClusterResumePoint = readonly (ShardResumePoint | undefined)[];

/** The functions and values that a ResumeTracker gets from its owner. */
export interface ResumeTrackerPorts {
  readonly stream: Pick<RecordStream, 'containsRecord' | 'lastRead'>;
  readonly lostHistory: Pick<LostHistory, 'registerEpochLost' | 'recordLoss'>;
}

/** Compares the resume point of a shard with the stream, and returns the resume point for the next start. */
export class ResumeTracker {
  readonly #server: ServerId;
  readonly #before: ShardResumePoint | undefined;
  readonly #ports: ResumeTrackerPorts;
  /** Whether the stream is known to have the record of the resume point. */
  #isKept: boolean;

  /** `before` is the resume point from which the incarnation `server` starts. It is undefined if this server never followed the shard. */
  constructor(server: ServerId, before: ShardResumePoint | undefined, ports: ResumeTrackerPorts) {
    this.#server = server;
    this.#before = before;
    this.#ports = ports;
    this.#isKept = before?.last === undefined;
  }

  /** The number of the last batch that this incarnation has sent to the shard before. */
  get lastBatch(): number {
    return this.#before?.server === this.#server ? this.#before.lastBatch : 0;
  }

  /** The earlier incarnation of this server in the shard, which has ended. */
  get replaces(): ServerId | undefined {
    return this.#before?.server === this.#server ? undefined : this.#before?.server;
  }

  /**
   * Reports a loss if the stream no longer has the record of the resume point.
   * @throws StreamError `unavailable` if Redis fails.
   */
  async checkHistory(): Promise<void> {
    const { stream, lostHistory } = this.#ports;
    if (this.#before?.last === undefined) return;
    this.#isKept = await stream.containsRecord(this.#before.last);
    if (!this.#isKept) lostHistory.recordLoss(this.#before);
  }

  /**
   * Returns the resume point for the next start. `lastBatch` is the number of the last batch of this incarnation, or undefined if it has
   * not announced itself. A record that is lost, or was not checked, stays in the resume point until the incarnation has joined: a
   * report of the loss may be lost too.
   */
  pointAfter(lastBatch: number | undefined, epochLast: number, hasJoined: boolean): ShardResumePoint | undefined {
    const before = this.#before;
    const { stream, lostHistory } = this.#ports;
    const announced = { server: this.#server, lastBatch: lastBatch ?? 0 };
    const incarnation = lastBatch === undefined ? (before ?? announced) : announced;
    const { server, lastBatch: batch } = incarnation;
    if (!this.#isKept && !hasJoined && before !== undefined) return { ...before, server, lastBatch: batch };
    const last = stream.lastRead;
    if (last === undefined && before === undefined && lastBatch === undefined) return undefined;
    return {
      server,
      lastBatch: batch,
      last,
      epochLast: Math.max(before?.epochLast ?? 0, epochLast),
      epochLost: Math.max(before?.epochLost ?? 0, lostHistory.registerEpochLost),
    };
  }
}

/** Returns `point` with the incarnation of `before`, because the join that `point` describes has failed. */
export function keepIncarnation(
  point: ShardResumePoint | undefined,
  before: ShardResumePoint | undefined,
): ShardResumePoint | undefined {
  return point === undefined ? before : { ...point, server: before?.server, lastBatch: before?.lastBatch ?? 0 };
}
