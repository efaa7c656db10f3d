/**
 * The registry of a cluster's servers, computed from the log of a shard: which have joined, have left, or are declared lost. A shard is
 * one of the streams that hold the order of a cluster.
 */

import type { Entry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import type { ServerId, SessionId } from '../roster/member.js';

/** How many heartbeats a server must append after the last batch of another server before it may declare that server lost. */
export const BEATS_UNTIL_LOST = 5;

/** An entry about the servers of a cluster. */
export type ServerEntry =
  ServerUpEntry | ServerHeartbeatEntry | ServerLeftEntry | ServerLostEntry | FormatRaisedEntry | ServerFlowEntry;

/** A server joins this shard, for the first time or again. The limits of the server that started last apply to all servers. */
export interface ServerUpEntry {
  readonly kind: 'server-up';
  readonly at: number;
  /** The host name, for operators. */
  readonly name: string;
  /**
   * When this incarnation started, in milliseconds since 1970. An incarnation is one run of a server. The incarnation may join another
   * shard later.
   */
  readonly since: number;
  readonly rules: GroupLimits;
  /** The incarnation of the same server before this one. It has ended. */
  readonly replaces: ServerId | undefined;
  /**
   * The largest epoch that clients may have received from records that Redis has lost, in this shard or another one. Undefined if no server
   * knows of a loss. A server that has joined already may append `server-up` again to report a loss.
   */
  readonly epochLost: number | undefined;
  /** The newest format of entries and snapshots that this server reads. Undefined means 1: the server is older than this field. */
  readonly format?: number | undefined;
}

/** A heartbeat of a server. `applied` is the id of the last record that it applied. */
export interface ServerHeartbeatEntry {
  readonly kind: 'server-beat';
  readonly at: number;
  readonly applied: string;
  /**
   * The URL by which clients reach the server, for operators. Undefined until it listens. No decision depends on the URL, so entries of
   * every format may contain it. Older servers ignore it.
   */
  readonly address?: string | undefined;
}

/** A server leaves this shard, because it stops or because none of its sessions needs the shard. */
export interface ServerLeftEntry {
  readonly kind: 'server-left';
  readonly at: number;
}

/**
 * A server declares another one lost.
 * - `silence`: the other server has appended nothing during the last `BEATS_UNTIL_LOST` heartbeats of this one. The claim is checked when
 *   the entry is applied.
 * - `register`: the other server is no longer registered in shard 0, which every server follows.
 */
export interface ServerLostEntry {
  readonly kind: 'server-lost';
  readonly at: number;
  readonly server: ServerId;
  readonly evidence: 'silence' | 'register';
}

/**
 * From this entry on, servers may write the entries of this format. The core applies the entry without a condition, so that all servers
 * agree on the format. The proposer has checked that all registered servers read the format. A server that joined after that check possibly
 * does not know the format. Such a server cannot apply this entry, and waits.
 */
export interface FormatRaisedEntry {
  readonly kind: 'format-raised';
  readonly at: number;
  readonly format: number;
}

/**
 * A server announces which sessions must wait for its own slow sessions (R-FLOW-1). The entry replaces the earlier announcement of the
 * server. It changes no group: only the servers of the listed sessions act on it.
 */
export interface ServerFlowEntry {
  readonly kind: 'server-flow';
  readonly at: number;
  /** The sessions of other servers whose commands go to slow sessions of this server. */
  readonly senders: readonly SessionId[];
  /** The sessions of this server that ask for results and read them slowly. */
  readonly askers: readonly SessionId[];
}

/**
 * The entries that a server appends together. `n` increases by one with each batch of the server, across leaving and joining again. A
 * repeated batch has no effect. A batch has no effect either if its sender was declared lost before.
 */
export interface Batch {
  readonly from: ServerId;
  readonly n: number;
  readonly entries: readonly (Entry | ServerEntry)[];
}

/**
 * One step of applying a batch.
 * - `entry`: apply this entry to the groups.
 * - `start`: a server has started at the wall time `since`, or a server that started then joins the shard again.
 * - `rules`: these limits apply from now on.
 * - `order-lost`: the end of the log was lost; begin new epochs after `epochLost`.
 * - `gone`: this server has left or is lost; mark its members away.
 * - `format`: servers write this format from now on.
 * - `flow`: a server has announced which sessions must wait.
 */
export type Step =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'start'; readonly since: number }
  | { readonly kind: 'rules'; readonly rules: GroupLimits }
  | { readonly kind: 'format'; readonly at: number; readonly format: number }
  | { readonly kind: 'order-lost'; readonly at: number; readonly epochLost: number }
  | {
      readonly kind: 'gone';
      readonly server: ServerId;
      readonly at: number;
      readonly reason: 'SERVER_LEFT' | 'SERVER_LOST';
    }
  | { readonly kind: 'flow'; readonly server: ServerId; readonly flow: ServerFlowEntry };

/** A server of the cluster, as this shard knows it. */
export interface RegisteredServer {
  readonly id: ServerId;
  readonly name: string;
  /** When its incarnation started, in milliseconds since 1970. */
  readonly upAt: number;
  /** The newest format that it reads. Undefined means 1: the snapshot is from a server that is older than this field. */
  readonly format?: number | undefined;
  /** The URL by which clients reach it. Undefined until a heartbeat of the server contains one. */
  address?: string | undefined;
  /** The number of its last batch. Snapshots in Redis contain the name `lastParcel`, so the field keeps it. */
  lastParcel: number;
  /** The id of the last applied record in its last heartbeat. It is '' before the first heartbeat. */
  applied: string;
  /** How many heartbeats each other server has appended since the last batch of this server. */
  beatsUnheard: Record<ServerId, number>;
}

/**
 * The servers of a cluster, computed from the entries in the log alone. Silence is counted in heartbeats of other servers, not in time.
 * So no server counts as lost while the log itself stalls.
 */
export class ServerRegistry {
  readonly #servers = new Map<ServerId, RegisteredServer>();
  #format: number;
  #epochLost: number;

  /** The servers, the format and the largest lost epoch of a snapshot. */
  constructor(servers: readonly RegisteredServer[] = [], format = 1, epochLost = 0) {
    this.#format = format;
    this.#epochLost = epochLost;
    for (const server of servers) this.#servers.set(server.id, copyOf(server));
  }

  /** The servers in the order in which they joined. */
  get servers(): readonly RegisteredServer[] {
    return [...this.#servers.values()];
  }

  /** The format in which servers write the entries of this shard. It only rises. */
  get format(): number {
    return this.#format;
  }

  /** The largest `epochLost` of all joins, or 0. All groups of the shard have larger epochs. */
  get epochLost(): number {
    return this.#epochLost;
  }

  /** The newest format that all registered servers read. The format of the shard if there are no servers. */
  get commonFormat(): number {
    const formats = this.servers.map(({ format = 1 }) => format);
    return formats.length === 0 ? this.#format : Math.min(...formats);
  }

  /** Returns the server with this id, or undefined if it is not registered. */
  server(id: ServerId): RegisteredServer | undefined {
    return this.#servers.get(id);
  }

  /** Returns the servers that the server `by` may declare lost. */
  overdueServers(by: ServerId): readonly ServerId[] {
    return this.servers.filter(({ beatsUnheard }) => (beatsUnheard[by] ?? 0) >= BEATS_UNTIL_LOST).map(({ id }) => id);
  }

  /** Applies a batch and returns its steps in order. Returns none if the sender is not registered, or if the batch was applied before. */
  applyBatch({ from, n, entries }: Batch): readonly Step[] {
    const steps: Step[] = [];
    const [first] = entries;
    if (first?.kind === 'server-up') this.#admit(from, n, first);
    const sender = this.#servers.get(from);
    if (sender === undefined || n !== sender.lastParcel + 1) return [];
    sender.lastParcel = n;
    sender.beatsUnheard = {};
    for (const entry of entries) {
      // An entry of the batch may have removed the batch's sender.
      if (!this.#servers.has(from)) break;
      steps.push(...this.#applyEntry(sender, entry));
    }
    return steps;
  }

  #applyEntry(sender: RegisteredServer, entry: Entry | ServerEntry): Step[] {
    switch (entry.kind) {
      case 'server-up':
        return this.#serverUp(sender, entry);
      case 'server-beat':
        this.#recordHeartbeat(sender, entry);
        return [];
      case 'server-left':
        return this.#removeServer(sender.id, entry.at, 'SERVER_LEFT');
      case 'server-lost': {
        const isLost = entry.evidence === 'register' || this.overdueServers(sender.id).includes(entry.server);
        return isLost ? this.#removeServer(entry.server, entry.at, 'SERVER_LOST') : [];
      }
      case 'format-raised':
        if (entry.format <= this.#format) return [];
        this.#format = entry.format;
        return [{ kind: 'format', at: entry.at, format: entry.format }];
      case 'server-flow':
        return [{ kind: 'flow', server: sender.id, flow: entry }];
      default:
        return [{ kind: 'entry', entry }];
    }
  }

  #serverUp(sender: RegisteredServer, { at, since, rules, replaces, epochLost }: ServerUpEntry): Step[] {
    const isNewest = this.servers.every(({ upAt }) => upAt <= sender.upAt);
    const adopted: Step[] = isNewest ? [{ kind: 'rules', rules }] : [];
    const lost: Step[] = epochLost === undefined ? [] : [{ kind: 'order-lost', at, epochLost }];
    this.#epochLost = Math.max(this.#epochLost, epochLost ?? 0);
    return [{ kind: 'start', since }, ...adopted, ...this.#removeServer(replaces, at, 'SERVER_LOST'), ...lost];
  }

  /** Registers a server that joins, or joins again. A repeated join has no effect: its batch number is not new. */
  #admit(id: ServerId, n: number, { name, since, format }: ServerUpEntry): void {
    const known = this.#servers.get(id);
    if (known !== undefined && n <= known.lastParcel) return;
    this.#servers.set(id, { id, name, upAt: since, format, lastParcel: n - 1, applied: '', beatsUnheard: {} });
  }

  #recordHeartbeat(sender: RegisteredServer, { applied, address }: ServerHeartbeatEntry): void {
    sender.applied = applied;
    if (address !== undefined) sender.address = address;
    for (const other of this.#servers.values()) {
      if (other !== sender) other.beatsUnheard[sender.id] = (other.beatsUnheard[sender.id] ?? 0) + 1;
    }
  }

  #removeServer(server: ServerId | undefined, at: number, reason: 'SERVER_LEFT' | 'SERVER_LOST'): Step[] {
    if (server === undefined || !this.#servers.delete(server)) return [];
    for (const { beatsUnheard } of this.#servers.values()) Reflect.deleteProperty(beatsUnheard, server);
    return [{ kind: 'gone', server, at, reason }];
  }
}

function copyOf(server: RegisteredServer): RegisteredServer {
  return { ...server, beatsUnheard: { ...server.beatsUnheard } };
}
