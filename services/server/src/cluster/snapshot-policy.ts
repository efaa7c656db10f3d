/**
 * Decides when to store a snapshot of a shard, and removes the records before it. A snapshot is the state of a shard after a certain
 * record.
 */

import type { Clock } from '../clock.js';
import type { Coordinator, ServerId, ServerRegistry } from '../core/index.js';
import type { LogFormats } from './formats/log-format.js';
import { encodeSnapshot } from './record-format.js';
import type { RecordStream } from './stream-port.js';
import { isBefore, type Position } from './stream-position.js';

/**
 * A snapshot is due after this many entries. It is also due after SNAPSHOT_MS if there was an entry in that time. A server that joins a
 * shard has to apply all records after the snapshot before it serves a session there.
 */
const SNAPSHOT_ENTRIES = 50_000;
const SNAPSHOT_MS = 60_000;

/** The state of a shard replica after the record at `position`. */
export interface ReplicaState {
  readonly position: Position;
  readonly registry: ServerRegistry;
  readonly coordinator: Coordinator;
}

/**
 * Stores a snapshot when it is due, and removes the records that all servers have applied. Only one server does so: the one that has
 * followed the shard longest.
 */
export class SnapshotPolicy {
  readonly #clock: Clock;
  readonly #stream: RecordStream;
  readonly #server: ServerId;
  readonly #formats: LogFormats;
  #entries = 0;
  #lastAtMs: number;

  constructor(clock: Clock, stream: RecordStream, server: ServerId, formats: LogFormats) {
    this.#clock = clock;
    this.#stream = stream;
    this.#server = server;
    this.#formats = formats;
    this.#lastAtMs = clock.monotonicMs();
  }

  /** Counts applied entries. A record without entries counts as one. */
  countApplied(entries: number): void {
    this.#entries += Math.max(1, entries);
  }

  /** Stores a snapshot and trims the stream, if one is due and this server is the one that makes snapshots. Never rejects. */
  async saveIfDue({ position, registry, coordinator }: ReplicaState): Promise<void> {
    const { servers } = registry;
    if (servers[0]?.id !== this.#server || !this.#isDue()) return;
    this.#entries = 0;
    this.#lastAtMs = this.#clock.monotonicMs();
    const text = encodeSnapshot({ registry, coordinator }, this.#formats);
    const slowest = servers.reduce((least, { applied }) => earlier(least, applied), position);
    try {
      await this.#stream.saveSnapshot(position, text);
      await this.#stream.trim(slowest);
    } catch {
      // Redis is unavailable or slow. The next snapshot replaces this one.
    }
  }

  #isDue(): boolean {
    const isOld = this.#clock.monotonicMs() - this.#lastAtMs >= SNAPSHOT_MS;
    return this.#entries >= SNAPSHOT_ENTRIES || (this.#entries > 0 && isOld);
  }
}

/** Returns the earlier of `position` and `applied`. `applied` is the position in a server's last heartbeat, or '' before the first one. */
function earlier(position: Position, applied: string): Position {
  const [epoch = 0, seq = 0] = applied.split('-').map(Number);
  const other = { epoch, seq };
  return isBefore(other, position) ? other : position;
}
