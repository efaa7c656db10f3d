import type { Entry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import type { ServerId } from '../roster/member.js';

/** So many of its own beats a server counts, with nothing from another, before it may have that one declared lost. */
export const BEATS_UNTIL_LOST = 5;

/** What a server puts into the order of a cluster about itself and others like it. */
export type ServerEntry = ServerUpEntry | ServerHeartbeatEntry | ServerLeftEntry | ServerLostEntry;

/**
 * A server follows this order from here on, for the first time or again after it has left it. The bounds and times that the
 * newest server brings hold for all.
 */
export interface ServerUpEntry {
  readonly kind: 'server-up';
  readonly at: number;
  /** Where people find it. */
  readonly name: string;
  /** When this life of it began; it may come to one shard later than to another. */
  readonly since: number;
  readonly rules: GroupLimits;
  /** Its life before this one, which is over. */
  readonly replaces: ServerId | undefined;
  /** What that life had read of the order is lost. It may have told anything of epochs up to this one. */
  readonly epochLost: number | undefined;
}

/** It lives; how many records it has applied, by the name of the last. */
export interface ServerHeartbeatEntry {
  readonly kind: 'server-beat';
  readonly at: number;
  readonly applied: string;
}

/** It goes, of its own will; or nobody with it needs this order any more. */
export interface ServerLeftEntry {
  readonly kind: 'server-left';
  readonly at: number;
}

/**
 * Another is no more. `silence`: it has not been heard of for `BEATS_UNTIL_LOST` of the beats of the one that says so, which
 * is counted where this stands. `register`: the order of the first shard, which every server follows, has said so.
 */
export interface ServerLostEntry {
  readonly kind: 'server-lost';
  readonly at: number;
  readonly server: ServerId;
  readonly evidence: 'silence' | 'register';
}

/**
 * What a server put into the shared order in one go. `n` rises by one with each, also where it left and came back: a parcel
 * that came twice, or after its sender was declared lost, has no effect.
 */
export interface Batch {
  readonly from: ServerId;
  readonly n: number;
  readonly entries: readonly (Entry | ServerEntry)[];
}

/** What a parcel comes to. */
export type Step =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'rules'; readonly rules: GroupLimits }
  | { readonly kind: 'order-lost'; readonly at: number; readonly epochLost: number }
  | {
      readonly kind: 'gone';
      readonly server: ServerId;
      readonly at: number;
      readonly reason: 'SERVER_LEFT' | 'SERVER_LOST';
    };

/** A server of the cluster, as the order knows it. */
export interface RegisteredServer {
  readonly id: ServerId;
  readonly name: string;
  /** When its life began. */
  readonly upAt: number;
  /** The number of its last parcel. */
  lastParcel: number;
  /** What it said last of how far it is. */
  applied: string;
  /** How many beats each of the others has given since this one was last heard of. */
  beatsUnheard: Record<ServerId, number>;
}

/**
 * The servers of a cluster, from the entries in the log alone. There is no clock, so no server counts as lost while the log itself
 * stalls.
 */
export class ServerRegistry {
  readonly #servers = new Map<ServerId, RegisteredServer>();

  /** `servers`: of a snapshot. */
  constructor(servers: readonly RegisteredServer[] = []) {
    for (const server of servers) this.#servers.set(server.id, copyOf(server));
  }

  /** In the order in which they joined. */
  get servers(): readonly RegisteredServer[] {
    return [...this.#servers.values()];
  }

  server(id: ServerId): RegisteredServer | undefined {
    return this.#servers.get(id);
  }

  /** The servers that `by` may declare lost. */
  overdueServers(by: ServerId): readonly ServerId[] {
    return this.servers.filter(({ beatsUnheard }) => (beatsUnheard[by] ?? 0) >= BEATS_UNTIL_LOST).map(({ id }) => id);
  }

  /** Applies a batch and returns its steps. Returns none if its sender is not registered, or if the batch was applied before. */
  applyBatch({ from, n, entries }: Batch): readonly Step[] {
    const steps: Step[] = [];
    const [first] = entries;
    if (first?.kind === 'server-up') this.#admit(from, n, first);
    const sender = this.#servers.get(from);
    if (sender === undefined || n !== sender.lastParcel + 1) return [];
    sender.lastParcel = n;
    sender.beatsUnheard = {};
    for (const entry of entries) {
      // Its own word may have been its last.
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
      default:
        return [{ kind: 'entry', entry }];
    }
  }

  #serverUp(sender: RegisteredServer, { at, rules, replaces, epochLost }: ServerUpEntry): Step[] {
    const isNewest = this.servers.every(({ upAt }) => upAt <= sender.upAt);
    const adopted: Step[] = isNewest ? [{ kind: 'rules', rules }] : [];
    const lost: Step[] = epochLost === undefined ? [] : [{ kind: 'order-lost', at, epochLost }];
    return [...adopted, ...this.#removeServer(replaces, at, 'SERVER_LOST'), ...lost];
  }

  /** Comes, or comes back; a copy of how it came before is behind what it has sent since. */
  #admit(id: ServerId, n: number, { name, since }: ServerUpEntry): void {
    const known = this.#servers.get(id);
    if (known !== undefined && n <= known.lastParcel) return;
    this.#servers.set(id, { id, name, upAt: since, lastParcel: n - 1, applied: '', beatsUnheard: {} });
  }

  #recordHeartbeat(sender: RegisteredServer, { applied }: ServerHeartbeatEntry): void {
    sender.applied = applied;
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
