/** R-FLOW-1 across servers: each server announces which sessions must wait for its own slow sessions. */

import type { Clock } from '../../clock.js';
import type { RegisteredServer, ServerEntry, ServerFlowEntry, ServerId } from '../../core/index.js';
import type { FlowExchange, LogPlace, WaitingSessions } from '../../log/ordered-log.js';
import { isBefore, parsePosition, type Position } from '../stream-position.js';

/** The first format that has `server-flow`. In an older format, senders wait only for slow sessions at their own server. */
const FORMAT_MIN = 2;
/**
 * One announcement lists at most this many senders and this many askers. A later announcement lists the others. An asker is a session that
 * has asked for the results of its commands.
 */
export const NAMED_MAX = 1000;

/** A server is behind if a batch takes this long from sending to reading back. After 2.5 s its log is stale. */
export const BEHIND_MS = 500;

/** What FlowAnnouncements uses of a shard. */
export interface FlowShard {
  readonly registry: { readonly format: number };
  /** How long this server takes to apply what is in the stream of the shard, in milliseconds. */
  readonly readBackMs: number;
  append(entry: ServerEntry): void;
}

/** What FlowAnnouncements uses of the shard of a group. */
export interface GroupShard {
  /** The position of the last record that this server has applied. */
  readonly position: Position;
  readonly registry: { readonly servers: readonly Pick<RegisteredServer, 'id' | 'applied'>[] };
}

/** The functions and values that FlowAnnouncements gets from its owner. */
export interface FlowAnnouncementsPorts {
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Returns the shards that this server follows. The first one is the register, which every server follows. */
  readonly shards: () => readonly FlowShard[];
  /** Returns the shard of a group. Undefined if this server does not follow it. */
  readonly shardOf: (group: string) => GroupShard | undefined;
}

/**
 * Appends `server-flow` to the register whenever the waiting sessions have changed. At most one such entry is in flight. The next entry has
 * all changes since then.
 */
export class FlowAnnouncements implements FlowExchange {
  readonly #server: ServerId;
  readonly #ports: FlowAnnouncementsPorts;
  readonly #others = new Map<ServerId, WaitingSessions>();
  #next: WaitingSessions | undefined;
  #state: 'idle' | 'announcing' = 'idle';
  #onChanged: () => void = () => undefined;

  constructor(server: ServerId, ports: FlowAnnouncementsPorts) {
    this.#server = server;
    this.#ports = ports;
  }

  get isBehind(): boolean {
    return this.#ports.shards().some(({ readBackMs }) => readBackMs >= BEHIND_MS);
  }

  placeOf(group: string): LogPlace | undefined {
    return this.#ports.shardOf(group)?.position;
  }

  isAppliedByAll(group: string, place: LogPlace): boolean {
    const servers = this.#ports.shardOf(group)?.registry.servers ?? [];
    return servers.every(({ id, applied }) => {
      const position = parsePosition(applied);
      return id === this.#server || (position !== undefined && !isBefore(position, place));
    });
  }

  get others(): Iterable<WaitingSessions> {
    return this.#others.values();
  }

  onChanged(listener: () => void): void {
    this.#onChanged = listener;
  }

  announce({ senders, askers }: WaitingSessions): void {
    this.#next = { senders: senders.slice(0, NAMED_MAX), askers: askers.slice(0, NAMED_MAX) };
    if (this.#state === 'idle') this.#announceNext();
  }

  /** Records an applied `server-flow`. */
  recordApplied(server: ServerId, { senders, askers }: ServerFlowEntry): void {
    if (server === this.#server) {
      this.#state = 'idle';
      this.#announceNext();
    } else {
      this.#others.set(server, { senders, askers });
      this.#onChanged();
    }
  }

  /** Forgets a server that has left the cluster. No session waits for it any longer. */
  removeServer(server: ServerId): void {
    if (this.#others.delete(server)) this.#onChanged();
  }

  #announceNext(): void {
    const { clock, shards } = this.#ports;
    const [register] = shards();
    const next = this.#next;
    if (next === undefined || register === undefined || register.registry.format < FORMAT_MIN) return;
    this.#next = undefined;
    this.#state = 'announcing';
    register.append({ kind: 'server-flow', at: clock.wallMs(), ...next });
  }
}
