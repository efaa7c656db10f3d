/** What the sessions of this server have in the log of a cluster: entries that were appended and are not applied yet. */

import { type Entry, type SessionId, sessionOfEntry, type Target } from '../../core/index.js';
import type { FlowExchange, OrderedLog } from '../../log/ordered-log.js';
import type { FlushCycle, FlushStage } from '../delivery/flush-cycle.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import { entryBytes } from './entry-bytes.js';
import { WIDE_BYTES_MIN, type WideCommand, WideCommands } from './wide-commands.js';

/** How many entries one session may have in the log. */
export const SESSION_ENTRIES_MAX = 1024;
/** How many entries all sessions of this server may have in the log. A session may have at most as many as remain free. */
export const ENTRIES_MAX = 65_536;
/**
 * The share of RANKD_BACKLOG_BYTES_MAX that the entries of all sessions of this server may have in the log. These entries still arrive
 * after another server has asked this one to pause their senders. So their share is half of the share from which a recipient counts as
 * slow.
 */
export const LOG_SHARE = 1 / 8;
/**
 * The most bytes that the recipients of all commands that this server has in the log may get, over all recipients together. Each server
 * must write the bytes for its own recipients before it applies the next entry, so these bytes delay the heartbeats of all servers.
 */
export const DELIVERED_BYTES_MAX = 33_554_432;
/** The share of these bytes and of LOG_SHARE that one session may have. Its last frame may exceed the limit. */
export const SESSION_SHARE = 1 / 2;

/** Stops and continues reading from sessions. */
export interface SessionReading {
  pause(session: Session): void;
  /** Reads again, unless another part still pauses the session. */
  resume(session: Session): void;
}

/** The parts of the gateway that UnappliedEntries uses. */
export interface UnappliedEntriesPorts {
  readonly log: Pick<OrderedLog, 'append' | 'groups'>;
  readonly exchange: Pick<FlowExchange, 'placeOf' | 'isAppliedByAll'>;
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly flushCycle: Pick<FlushCycle, 'requestFlush'>;
  readonly reading: SessionReading;
}

/** The bytes of an entry, and those that all its recipients together will get. */
interface EntryCost {
  readonly bytes: number;
  readonly deliveredBytes: number;
}

/** An entry in the log. */
interface LoggedEntry extends EntryCost {
  readonly wide: WideCommand | undefined;
}

/** What one session has in the log, oldest first: the cost of each entry, and actions that wait for the entries before them. */
interface SessionAccount {
  readonly items: (LoggedEntry | (() => void))[];
  bytes: number;
  deliveredBytes: number;
}

/**
 * Limits what each session has in the log. The server does not read from a session that has reached its share, until half of the share is
 * applied. So no session makes the entries of the others wait, and the memory for entries is limited, however slow Redis is.
 */
export class UnappliedEntries implements FlushStage {
  readonly #ports: UnappliedEntriesPorts;
  /** An account stays when its session ends, until its entries are applied. */
  readonly #accounts = new Map<SessionId, SessionAccount>();
  readonly #paused = new Set<Session>();
  readonly #wide: WideCommands;
  /** The wide commands that are not appended yet, oldest first: one of each session, which is paused. */
  readonly #held = new Map<Session, Entry>();
  readonly #bytesMax: number;
  #entries = 0;
  #bytes = 0;
  #deliveredBytes = 0;

  constructor(backlogBytesMax: number, ports: UnappliedEntriesPorts) {
    this.#bytesMax = backlogBytesMax * LOG_SHARE;
    this.#ports = ports;
    this.#wide = new WideCommands(ports.exchange);
  }

  /** Whether this server admits no further session, because too many entries wait. */
  get isFull(): boolean {
    return this.#entries >= ENTRIES_MAX;
  }

  /**
   * Appends an entry. Pauses its session if the session has reached its share. Holds a wide command until there is room for it, and reads
   * nothing from its session until then.
   */
  append(entry: Entry): void {
    const id = sessionOfEntry(entry);
    if (id === undefined) {
      this.#ports.log.append(entry);
      return;
    }
    const cost = this.#costOf(entry);
    const session = this.#ports.sessions.get(id);
    if (session !== undefined && !this.#hasRoomFor(cost)) {
      this.#held.set(session, entry);
      this.#ports.reading.pause(session);
    } else this.#appendNow(id, entry, cost);
  }

  /** Runs `act` when all entries are applied that the session has appended before. */
  runInOrder({ id }: Session, act: () => void): void {
    const account = this.#accounts.get(id);
    if (account === undefined) {
      act();
      return;
    }
    account.items.push(act);
    this.#entries += 1;
    this.#pauseIfOverShare(id);
  }

  /** Records that the log has applied an entry of this server. */
  recordApplied(entry: Entry): void {
    const id = sessionOfEntry(entry);
    const account = id === undefined ? undefined : this.#accounts.get(id);
    if (id === undefined || account === undefined) return;
    this.#removeFirst(account);
    while (typeof account.items[0] === 'function') this.#removeFirst(account);
    if (account.items.length === 0) this.#accounts.delete(id);
    if (this.#paused.size > 0) this.#ports.flushCycle.requestFlush();
  }

  /** Whether nothing is read from the session, because it has reached its share. */
  isPausing(session: Session): boolean {
    return this.#paused.has(session) || this.#held.has(session);
  }

  /** Forgets an ended session, and its held command. Its entries count until they are applied. */
  removeSession(session: Session): void {
    this.#paused.delete(session);
    this.#held.delete(session);
  }

  /** Must be called every tick: other servers apply wide commands later than this one. */
  tick(): void {
    if (!this.#wide.isEmpty) this.#ports.flushCycle.requestFlush();
  }

  /** Appends held commands for which there is room. Reads again from the sessions of which at least half of the share was applied. */
  flush(): void {
    this.#wide.forgetApplied();
    for (const [session, entry] of this.#held) {
      const cost = this.#costOf(entry);
      if (!this.#wide.hasRoomFor(cost.deliveredBytes)) break;
      this.#held.delete(session);
      this.#appendNow(session.id, entry, cost);
      if (!this.#paused.has(session)) this.#ports.reading.resume(session);
    }
    for (const session of this.#paused) {
      if (this.#usedShare(session.id) > 1 / 2) continue;
      this.#paused.delete(session);
      this.#ports.reading.resume(session);
    }
  }

  #costOf(entry: Entry): EntryCost {
    const bytes = entryBytes(entry);
    if (entry.kind !== 'command') return { bytes, deliveredBytes: 0 };
    const rosterSize = this.#ports.log.groups.get(entry.group)?.roster.size ?? 0;
    return { bytes, deliveredBytes: bytes * recipientsMax(entry.target, rosterSize) };
  }

  /** No wide command overtakes a held one. */
  #hasRoomFor({ deliveredBytes }: EntryCost): boolean {
    return this.#wide.hasRoomFor(deliveredBytes) && (this.#held.size === 0 || deliveredBytes < WIDE_BYTES_MIN);
  }

  #appendNow(id: SessionId, entry: Entry, cost: EntryCost): void {
    const wide = entry.kind === 'command' ? this.#wide.add(entry.group, cost.deliveredBytes) : undefined;
    this.#add(id, { ...cost, wide });
    this.#ports.log.append(entry);
    this.#pauseIfOverShare(id);
  }

  #add(id: SessionId, cost: LoggedEntry): void {
    const account = this.#accounts.get(id) ?? { items: [], bytes: 0, deliveredBytes: 0 };
    this.#accounts.set(id, account);
    account.items.push(cost);
    this.#entries += 1;
    this.#count(account, cost, 1);
  }

  #count(account: SessionAccount, { bytes, deliveredBytes }: EntryCost, sign: 1 | -1): void {
    account.bytes += sign * bytes;
    account.deliveredBytes += sign * deliveredBytes;
    this.#bytes += sign * bytes;
    this.#deliveredBytes += sign * deliveredBytes;
  }

  #removeFirst(account: SessionAccount): void {
    const item = account.items.shift();
    if (item === undefined) return;
    this.#entries -= 1;
    if (typeof item === 'function') item();
    else {
      this.#count(account, item, -1);
      if (item.wide !== undefined) this.#wide.recordApplied(item.wide);
    }
  }

  #pauseIfOverShare(id: SessionId): void {
    const session = this.#ports.sessions.get(id);
    const phase = session?.state.phase;
    // A session without a decision about its hello is not read anyway.
    if (session === undefined || (phase !== 'active' && phase !== 'observing')) return;
    if (this.#usedShare(id) < 1) return;
    this.#paused.add(session);
    this.#ports.reading.pause(session);
  }

  /** Returns how much of its share a session uses. 1 or more: all of it. */
  #usedShare(id: SessionId): number {
    const account = this.#accounts.get(id);
    if (account === undefined) return 0;
    const shares = [
      share(account.items.length, SESSION_ENTRIES_MAX, ENTRIES_MAX - this.#entries),
      share(account.bytes, this.#bytesMax * SESSION_SHARE, this.#bytesMax - this.#bytes),
      share(account.deliveredBytes, DELIVERED_BYTES_MAX * SESSION_SHARE, DELIVERED_BYTES_MAX - this.#deliveredBytes),
    ];
    return Math.max(...shares);
  }
}

/** Returns how much of its share a session uses. The share is `max`, or `left` if that is less. */
function share(used: number, max: number, left: number): number {
  if (used === 0) return 0;
  return left <= 0 ? 1 : used / Math.min(max, left);
}

function recipientsMax(target: Target, rosterSize: number): number {
  switch (target.kind) {
    case 'ranks':
      return Math.min(rosterSize, target.ranks.length);
    case 'members':
      return Math.min(rosterSize, target.members.length);
    default:
      return rosterSize;
  }
}
