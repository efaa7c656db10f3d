/** R-FLOW-1: pauses senders at this server, and asks other servers of the cluster to pause theirs. */

import type { SessionId } from '../../core/index.js';
import type { FlowExchange, WaitingSessions } from '../../log/ordered-log.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import type { PausedSenders } from './paused-senders.js';

/** The parts of the gateway that SenderPauses uses. */
export interface SenderPausesPorts {
  readonly sessions: Pick<OpenSessions, 'get' | 'isOwn'>;
  readonly pausedSenders: Pick<PausedSenders, 'pause' | 'resume' | 'tick'>;
  /** Absent if this server has no cluster. */
  readonly exchange: FlowExchange | undefined;
  /** Reads from a session again, unless another part still pauses it. */
  readonly resume: (session: Session) => void;
  /** Called when askers of other servers have read their results. */
  readonly onAskersFreed: () => void;
}

/**
 * The senders that wait for slow recipients, here and at other servers. Another server reads from its senders until it has applied the
 * announcement of this server, about two writes to the log later. The limit of entries that its sessions may have in the log bounds the
 * commands that arrive in that time.
 */
export class SenderPauses {
  readonly #ports: SenderPausesPorts;
  /** What this server has announced: senders of other servers, and its own slow askers. */
  #senders: ReadonlySet<SessionId> = new Set();
  #askers: ReadonlySet<SessionId> = new Set();
  /** What the other servers have announced: sessions of this server that they hold back, and their slow askers. */
  #held: ReadonlySet<SessionId> = new Set();
  #slowAskers: ReadonlySet<SessionId> = new Set();

  constructor(ports: SenderPausesPorts) {
    this.#ports = ports;
    ports.exchange?.onChanged(() => this.#applyAnnouncements());
  }

  /** Reads nothing from a sender, at whichever server it is. */
  pause(sender: SessionId): void {
    const { sessions, pausedSenders } = this.#ports;
    const session = sessions.get(sender);
    if (session !== undefined) pausedSenders.pause(session);
    else if (!sessions.isOwn(sender)) this.#announceSenders(new Set([...this.#senders, sender]));
  }

  /** Reads from a sender of this server again. */
  resume(session: Session): void {
    this.#ports.pausedSenders.resume(session);
  }

  /** Whether nothing is read from a session because its commands go to slow sessions of another server. */
  isHeld(session: Session): boolean {
    return this.#held.has(session.id);
  }

  /** Whether an asker at another server reads its results slowly. */
  isSlowAsker(asker: SessionId): boolean {
    return this.#slowAskers.has(asker);
  }

  /** Announces the sessions of this server that read their results slowly. */
  announceAskers(askers: ReadonlySet<SessionId>): void {
    this.#askers = new Set(askers);
    this.#announce();
  }

  /**
   * Must be called every tick. `waiting` are all senders that wait for slow recipients of this server. Resumes the sessions of this server
   * that are not among them and for which `mustWait` returns false.
   */
  tick(
    elapsedMs: number,
    nowMs: number,
    waiting: ReadonlySet<SessionId>,
    mustWait: (session: Session) => boolean,
  ): void {
    const { sessions, pausedSenders } = this.#ports;
    this.#announceSenders(new Set([...waiting].filter(id => !sessions.isOwn(id))));
    pausedSenders.tick(elapsedMs, nowMs, session => waiting.has(session.id) || mustWait(session));
  }

  #announceSenders(senders: ReadonlySet<SessionId>): void {
    if (senders.size === this.#senders.size && [...senders].every(id => this.#senders.has(id))) return;
    this.#senders = senders;
    this.#announce();
  }

  #announce(): void {
    this.#ports.exchange?.announce({ senders: [...this.#senders], askers: [...this.#askers] });
  }

  #applyAnnouncements(): void {
    const { sessions, pausedSenders, exchange, resume, onAskersFreed } = this.#ports;
    const others = [...(exchange?.others ?? [])];
    const before = this.#held;
    this.#held = namedIn(others, ({ senders }) => senders.filter(id => sessions.isOwn(id)));
    const askersBefore = this.#slowAskers;
    this.#slowAskers = namedIn(others, ({ askers }) => askers);
    for (const id of this.#held) {
      const session = sessions.get(id);
      if (session !== undefined) pausedSenders.pause(session);
    }
    for (const id of before) {
      const session = this.#held.has(id) ? undefined : sessions.get(id);
      if (session !== undefined) resume(session);
    }
    if ([...askersBefore].some(id => !this.#slowAskers.has(id))) onAskersFreed();
  }
}

function namedIn(
  others: readonly WaitingSessions[],
  idsOf: (waiting: WaitingSessions) => readonly SessionId[],
): ReadonlySet<SessionId> {
  return new Set(others.flatMap(idsOf));
}
