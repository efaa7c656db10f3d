/** What the sessions of this server have in the log of a cluster: entries that were appended and are not applied yet. */

import { type Entry, type SessionId, sessionOfEntry } from '../../core/index.js';
import type { OrderedLog } from '../../log/ordered-log.js';
import type { FlushCycle, FlushStage } from '../delivery/flush-cycle.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import { entryBytes } from './entry-bytes.js';
import type { PausedSenders } from './paused-senders.js';

/** How many entries, and how many bytes of entries, one session may have in the log. Its last frame may exceed the limit. */
export const SESSION_ENTRIES_MAX = 1024;
export const SESSION_BYTES_MAX = 524_288;
/** The limits of all sessions of this server together. A session may use at most as much as is left for the others. */
export const ENTRIES_MAX = 65_536;
export const BYTES_MAX = 33_554_432;

/** The parts of the gateway that UnappliedEntries uses. */
export interface UnappliedEntriesPorts {
  readonly log: Pick<OrderedLog, 'append'>;
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly pausedSenders: Pick<PausedSenders, 'pause'>;
  readonly flushCycle: Pick<FlushCycle, 'requestFlush'>;
  /** Reads from a session again, unless another part still pauses it. */
  readonly resume: (session: Session) => void;
}

/** What one session has in the log, oldest first: the bytes of each entry, and actions that wait for the entries before them. */
interface SessionAccount {
  readonly items: (number | (() => void))[];
  bytes: number;
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
  #entries = 0;
  #bytes = 0;

  constructor(ports: UnappliedEntriesPorts) {
    this.#ports = ports;
  }

  /** Whether this server admits no further session, because too many entries wait. */
  get isFull(): boolean {
    return this.#entries >= ENTRIES_MAX || this.#bytes >= BYTES_MAX;
  }

  /** Appends an entry. Pauses its session if the session has reached its share. */
  append(entry: Entry): void {
    const id = sessionOfEntry(entry);
    if (id !== undefined) this.#add(id, entryBytes(entry));
    this.#ports.log.append(entry);
    if (id !== undefined) this.#pauseIfOverShare(id);
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
    return this.#paused.has(session);
  }

  /** Forgets an ended session. Its entries count until they are applied. */
  removeSession(session: Session): void {
    this.#paused.delete(session);
  }

  /** Reads again from the sessions of which at least half of the share was applied. */
  flush(): void {
    for (const session of this.#paused) {
      if (this.#usedShare(session.id) > 1 / 2) continue;
      this.#paused.delete(session);
      this.#ports.resume(session);
    }
  }

  #add(id: SessionId, bytes: number): void {
    const account = this.#accounts.get(id) ?? { items: [], bytes: 0 };
    this.#accounts.set(id, account);
    account.items.push(bytes);
    account.bytes += bytes;
    this.#entries += 1;
    this.#bytes += bytes;
  }

  #removeFirst(account: SessionAccount): void {
    const item = account.items.shift();
    if (item === undefined) return;
    this.#entries -= 1;
    if (typeof item === 'function') {
      item();
      return;
    }
    account.bytes -= item;
    this.#bytes -= item;
  }

  #pauseIfOverShare(id: SessionId): void {
    const session = this.#ports.sessions.get(id);
    const phase = session?.state.phase;
    // A session without a decision about its hello is not read anyway.
    if (session === undefined || (phase !== 'active' && phase !== 'observing')) return;
    if (this.#usedShare(id) < 1) return;
    this.#paused.add(session);
    this.#ports.pausedSenders.pause(session);
  }

  /** Returns how much of its share a session uses. 1 or more: all of it. */
  #usedShare(id: SessionId): number {
    const account = this.#accounts.get(id);
    if (account === undefined) return 0;
    const entriesMax = Math.min(SESSION_ENTRIES_MAX, ENTRIES_MAX - this.#entries);
    const bytesMax = Math.min(SESSION_BYTES_MAX, BYTES_MAX - this.#bytes);
    if (entriesMax <= 0 || bytesMax <= 0) return 1;
    return Math.max(account.items.length / entriesMax, account.bytes / bytesMax);
  }
}
