import type { Clock } from '../clock.js';
import type { Coordinator, ServerRegistry, ServerId } from '../core/index.js';
import type { ShardSnapshot } from './record-format.js';
import type { RecordStream } from './stream-port.js';
import { isBefore, type Position } from './stream-position.js';

/**
 * A snapshot is due after so many entries, or so long after the last one where there were any: whoever comes to a shard has to
 * apply what stands behind it before anybody there is served.
 */
const SNAPSHOT_ENTRIES = 50_000;
const SNAPSHOT_MS = 60_000;

/** How an order stands after a record. */
export interface ShardState {
  readonly place: Position;
  readonly registry: ServerRegistry;
  readonly coordinator: Coordinator;
}

/** The one of the servers that has been there longest keeps snapshots, and lets go of what all have applied. */
export class SnapshotPolicy {
  readonly #clock: Clock;
  readonly #stream: RecordStream;
  readonly #server: ServerId;
  #entries = 0;
  #lastAtMs: number;

  constructor(clock: Clock, stream: RecordStream, server: ServerId) {
    this.#clock = clock;
    this.#stream = stream;
    this.#server = server;
    this.#lastAtMs = clock.monotonicMs();
  }

  /** A record that brings no entries counts as one. */
  countApplied(entries: number): void {
    this.#entries += Math.max(1, entries);
  }

  /** Does it where it is this server's to do, and due. Never rejects. */
  async saveIfDue({ place, registry: { servers }, coordinator }: ShardState): Promise<void> {
    if (servers[0]?.id !== this.#server || !this.#isDue()) return;
    this.#entries = 0;
    this.#lastAtMs = this.#clock.monotonicMs();
    const snapshot: ShardSnapshot = { v: 1, rules: coordinator.limits, servers, coordinator: coordinator.snapshot() };
    const slowest = servers.reduce((least, { applied }) => earlier(least, applied), place);
    try {
      await this.#stream.saveSnapshot(place, JSON.stringify(snapshot));
      await this.#stream.trim(slowest);
    } catch {
      // Redis is away, or slow: the next one comes.
    }
  }

  #isDue(): boolean {
    const isOld = this.#clock.monotonicMs() - this.#lastAtMs >= SNAPSHOT_MS;
    return this.#entries >= SNAPSHOT_ENTRIES || (this.#entries > 0 && isOld);
  }
}

/** `applied`: as in a beat; of a server that has said nothing yet it is empty. */
function earlier(place: Position, applied: string): Position {
  const [epoch = 0, seq = 0] = applied.split('-').map(Number);
  const other = { epoch, seq };
  return isBefore(other, place) ? other : place;
}
