/** R-PACE-1: takes the frames of all sessions in fair rounds. */

import { limits, type ReadMessage } from '@rankd/protocol';
import type { Clock } from '../../clock.js';
import type { FlushCycle, FlushStage } from '../delivery/flush-cycle.js';
import { LIGHT_COST_MAX, type ReadShare } from './read-share.js';

/**
 * How long the sessions that wait are read before the answers are written and other sockets are read, in milliseconds.
 * SINGLE_READ_MS_MAX applies if only one session waits. It is larger, because a larger batch makes each command cheaper.
 */
const READ_MS_MAX = 2;
const SINGLE_READ_MS_MAX = 8;
/** How long one share of a session may take, in milliseconds. Only large frames reach this limit. */
const SHARE_MS_MAX = 5;
/** How long the light sessions that wait are read before the others, in milliseconds. */
const LIGHT_READ_MS_MAX = 2;
/** The most frames of all sessions that are taken at their arrival, between two rounds. */
const ARRIVALS_FRAMES_MAX = 128;
/** The most time for these frames, in milliseconds. */
const ARRIVALS_MS_MAX = 2;
/** At these limits, the server still takes this many frames at their arrival from a session that did not have to wait before. */
const SPARSE_FRAMES_MAX = 8;
/** The most time for those frames, in milliseconds. If a session takes longer, its next frames wait for a round. */
const SPARSE_MS_MAX = 0.1;

/** The parts of a session that ReadRounds uses. */
export interface RoundSession {
  readonly readShare: ReadShare;
  /** Whether bytes wait that may be read now. */
  readonly hasUnreadBytes: boolean;
  /** The bytes that the session has received since it opened. */
  readonly receivedBytes: number;
  /** Must be called before messages are taken. */
  startReading(): void;
  /** Takes the next message. Returns undefined if there is none, or if the session may not be read now. */
  takeMessage(): ReadMessage | undefined;
  /** Reads from the connection again, if the session may be read now. */
  readConnection(): void;
}

/** The parts of the server that ReadRounds uses. */
export interface ReadRoundsPorts<S> {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly flushCycle: Pick<FlushCycle, 'requestFlush'>;
  readonly handlers: { handleMessage(read: ReadMessage, session: S): void };
}

/**
 * Takes at most `roundFramesMax` frames of a session, then those of the others (R-PACE-1). A session with further frames waits, and its
 * connection is not read while it waits. A round is the first stage of a flush cycle, so its answers are written in the same cycle. A session
 * that sends little is light (`ReadShare.isLight`). Its frames are taken when they arrive. If it must wait nevertheless, it is read before
 * the sessions that send much. Schedulers of network packets do the same with sparse flows (RFC 8290, FQ-CoDel).
 */
export class ReadRounds<S extends RoundSession> implements FlushStage {
  readonly #ports: ReadRoundsPorts<S>;
  /** The light sessions whose frames wait, in the order in which they are read. */
  readonly #light = new Set<S>();
  /** The other sessions whose frames wait. They are read after the light ones. */
  readonly #heavy = new Set<S>();
  #round = 0;
  #arrivalsLeft = ARRIVALS_FRAMES_MAX;
  #arrivalsMs = 0;

  constructor(ports: ReadRoundsPorts<S>) {
    this.#ports = ports;
  }

  /** The number of sessions whose frames wait. */
  get waitingCount(): number {
    return this.#light.size + this.#heavy.size;
  }

  /** Takes the frames that have arrived, as far as the share of the session allows. Returns false if the session must wait for a round. */
  readArrived(session: S): boolean {
    if (this.#light.has(session) || this.#heavy.has(session)) return false;
    const share = this.#shareOf(session);
    const framesMax = this.#arrivalsMax(share);
    if (framesMax > 0) this.#readArrivals(session, framesMax);
    else this.#countUnread(session);
    if (!session.hasUnreadBytes) return true;
    this.#wait(session);
    return false;
  }

  #readArrivals(session: S, framesMax: number): void {
    const { clock } = this.#ports;
    const { readShare } = session;
    const startMs = clock.monotonicMs();
    // Check the limit before the read, not during it: a share that is cut in two would need two writes.
    const isBusy = this.#arrivalsMs > ARRIVALS_MS_MAX;
    const frames = this.#read(session, framesMax, startMs + (isBusy ? SPARSE_MS_MAX : SHARE_MS_MAX));
    const endMs = clock.monotonicMs();
    const elapsedMs = endMs - startMs;
    readShare.frames += frames;
    readShare.countCost(frames, session.receivedBytes, startMs, endMs);
    this.#arrivalsLeft = Math.max(0, this.#arrivalsLeft - frames);
    this.#arrivalsMs += elapsedMs;
    if (isBusy && elapsedMs > SPARSE_MS_MAX) readShare.waitedInRound = this.#round;
  }

  #countUnread({ readShare, receivedBytes }: S): void {
    const nowMs = this.#ports.clock.monotonicMs();
    readShare.countCost(0, receivedBytes, nowMs, nowMs);
  }

  /** Forgets an ended session. */
  removeSession(session: S): void {
    this.#light.delete(session);
    this.#heavy.delete(session);
  }

  /**
   * Reads the light sessions that wait for about LIGHT_READ_MS_MAX, then the others, one round after another, for about READ_MS_MAX. The
   * rest waits for the next cycle.
   */
  flush(): void {
    this.#round += 1;
    this.#arrivalsLeft = ARRIVALS_FRAMES_MAX;
    this.#arrivalsMs = 0;
    if (this.waitingCount === 0) return;
    this.#readEach(this.#light, LIGHT_READ_MS_MAX, session => {
      this.#readShare(session, LIGHT_COST_MAX);
    });
    this.#readEach(this.#heavy, this.#heavy.size === 1 ? SINGLE_READ_MS_MAX : READ_MS_MAX, session => {
      session.readShare.waitedInRound = this.#round;
      this.#readShare(session, limits.roundFramesMax);
    });
    if (this.waitingCount > 0) this.#ports.flushCycle.requestFlush();
  }

  /** Reads one session after another for `limitMs`. A session that must wait again is added behind the others, so it is read again. */
  #readEach(sessions: Set<S>, limitMs: number, read: (session: S) => void): void {
    if (sessions.size === 0) return;
    const { clock } = this.#ports;
    const untilMs = clock.monotonicMs() + limitMs;
    for (const session of sessions) {
      sessions.delete(session);
      read(session);
      if (clock.monotonicMs() >= untilMs) break;
    }
  }

  #readShare(session: S, framesMax: number): void {
    const { clock } = this.#ports;
    const startMs = clock.monotonicMs();
    const frames = this.#read(session, framesMax, startMs + SHARE_MS_MAX);
    session.readShare.countCost(frames, session.receivedBytes, startMs, clock.monotonicMs());
    if (session.hasUnreadBytes) this.#addWaiting(session);
    else session.readConnection();
  }

  /** Takes at most `framesMax` frames, and only one when `untilMs` has passed. Returns how many it has taken. */
  #read(session: S, framesMax: number, untilMs: number): number {
    const { clock, handlers } = this.#ports;
    session.startReading();
    let frames = 0;
    while (frames < framesMax) {
      const read = session.takeMessage();
      if (read === undefined) break;
      handlers.handleMessage(read, session);
      frames += 1;
      if (clock.monotonicMs() >= untilMs) break;
    }
    return frames;
  }

  #shareOf({ readShare }: S): ReadShare {
    if (readShare.round !== this.#round) {
      readShare.round = this.#round;
      readShare.frames = 0;
    }
    return readShare;
  }

  #arrivalsMax({ frames, waitedInRound }: ReadShare): number {
    // A session that has waited just now sends more than its share, so its next bytes wait too.
    if (waitedInRound >= this.#round - 1) return 0;
    return Math.max(0, Math.min(limits.roundFramesMax, SPARSE_FRAMES_MAX + this.#arrivalsLeft) - frames);
  }

  #wait(session: S): void {
    this.#addWaiting(session);
    this.#ports.flushCycle.requestFlush();
  }

  #addWaiting(session: S): void {
    if (session.readShare.isLight) this.#light.add(session);
    else this.#heavy.add(session);
  }
}
