/** R-PACE-1: takes the frames of all sessions in fair rounds. */

import { limits, type ReadMessage } from '@rankd/protocol';
import type { Clock } from '../../clock.js';
import type { FlushCycle, FlushStage } from '../delivery/flush-cycle.js';

/**
 * How long the sessions that wait are read before the answers are written and other sockets are read, in milliseconds.
 * SINGLE_READ_MS_MAX applies if only one session waits. It is larger, because a larger batch makes each command cheaper.
 */
const READ_MS_MAX = 2;
const SINGLE_READ_MS_MAX = 8;
/** How long one share of a session may take, in milliseconds. Only large frames reach this limit. */
const SHARE_MS_MAX = 5;
/** The most frames of all sessions that are taken at their arrival, between two rounds. */
const ARRIVALS_FRAMES_MAX = 128;
/** The most time for these frames, in milliseconds. */
const ARRIVALS_MS_MAX = 2;
/** At these limits, the server still takes this many frames at their arrival from a session that did not have to wait before. */
const SPARSE_FRAMES_MAX = 8;
/** The most time for those frames, in milliseconds. If a session takes longer, its next frames wait for a round. */
const SPARSE_MS_MAX = 0.1;

/** What a session has taken in a round. */
export interface ReadShare {
  round: number;
  /** The frames that were taken in `round`. */
  frames: number;
  /** The last round in which the session had to wait, or took long. */
  waitedInRound: number;
}

/** Returns the share of a new session. */
export function newReadShare(): ReadShare {
  return { round: 0, frames: 0, waitedInRound: -2 };
}

/** The parts of a session that ReadRounds uses. */
export interface RoundSession {
  readonly readShare: ReadShare;
  /** Whether bytes wait that may be read now. */
  readonly hasUnreadBytes: boolean;
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
 * that sends little is not delayed by those that wait: its frames are taken when they arrive.
 */
export class ReadRounds<S extends RoundSession> implements FlushStage {
  readonly #ports: ReadRoundsPorts<S>;
  /** The sessions whose frames wait, in the order in which they are read. */
  readonly #waiting = new Set<S>();
  #round = 0;
  #arrivalsLeft = ARRIVALS_FRAMES_MAX;
  #arrivalsMs = 0;

  constructor(ports: ReadRoundsPorts<S>) {
    this.#ports = ports;
  }

  /** The number of sessions whose frames wait. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Takes the frames that have arrived, as far as the share of the session allows. Returns false if the session must wait for a round. */
  readArrived(session: S): boolean {
    if (this.#waiting.has(session)) return false;
    const share = this.#shareOf(session);
    const framesMax = this.#arrivalsMax(share);
    if (framesMax > 0) this.#readArrivals(session, framesMax);
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
    const elapsedMs = clock.monotonicMs() - startMs;
    readShare.frames += frames;
    this.#arrivalsLeft = Math.max(0, this.#arrivalsLeft - frames);
    this.#arrivalsMs += elapsedMs;
    if (isBusy && elapsedMs > SPARSE_MS_MAX) readShare.waitedInRound = this.#round;
  }

  /** Forgets an ended session. */
  removeSession(session: S): void {
    this.#waiting.delete(session);
  }

  /** Reads the sessions that wait, one round after another, for about `READ_MS_MAX`. The others wait for the next cycle. */
  flush(): void {
    this.#round += 1;
    this.#arrivalsLeft = ARRIVALS_FRAMES_MAX;
    this.#arrivalsMs = 0;
    if (this.#waiting.size === 0) return;
    const { clock, flushCycle } = this.#ports;
    const untilMs = clock.monotonicMs() + (this.#waiting.size === 1 ? SINGLE_READ_MS_MAX : READ_MS_MAX);
    // A session that must wait again is added behind the others, so this loop reads it in the next round.
    for (const session of this.#waiting) {
      this.#waiting.delete(session);
      this.#readShare(session);
      if (clock.monotonicMs() >= untilMs) break;
    }
    if (this.#waiting.size > 0) flushCycle.requestFlush();
  }

  #readShare(session: S): void {
    session.readShare.waitedInRound = this.#round;
    this.#read(session, limits.roundFramesMax, this.#ports.clock.monotonicMs() + SHARE_MS_MAX);
    if (session.hasUnreadBytes) this.#waiting.add(session);
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
    this.#waiting.add(session);
    this.#ports.flushCycle.requestFlush();
  }
}
