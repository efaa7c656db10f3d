/** R-FLOW-1: the results that wait for one slow asker. */

import { limits } from '@rankd/protocol';
import type { Session } from '../session/session.js';
import type { PendingResult, ResultSettings } from './result-backpressure.js';

/** A session whose results wait. `paused`: nothing is read from it. */
interface AnsweringSession {
  state: 'paused' | 'reading';
  /** For how long this asker has paused it. */
  pausedMs: number;
  /** The bytes of its waiting results. */
  waitingBytes: number;
}

/** The results that wait for an asker, in the order of their arrival. */
export class ResultQueue {
  readonly #settings: Pick<ResultSettings, 'stallMs' | 'frameBytesMax'>;
  readonly #results = new Set<PendingResult>();
  readonly #sessions = new Map<Session, AnsweringSession>();
  /** The session whose result is handled again now. */
  #turn: Session | undefined;

  constructor(settings: Pick<ResultSettings, 'stallMs' | 'frameBytesMax'>) {
    this.#settings = settings;
  }

  /** A copy of the waiting results, the oldest first. */
  get results(): readonly PendingResult[] {
    return [...this.#results];
  }

  get isEmpty(): boolean {
    return this.#results.size === 0;
  }

  /** Whether a result of this session is handled again now. */
  isTurnOf(session: Session): boolean {
    return this.#turn === session;
  }

  /** Whether nothing is read from this session because of its result. */
  isPausing(session: Session): boolean {
    return this.#sessions.get(session)?.state === 'paused';
  }

  /**
   * Adds a result. `pause`: read nothing from its session. `wait`: the session was paused for the longest time, so it is read on. `drop`:
   * the result is not added, because the waiting results of that session already have nearly the length of a frame.
   */
  add(result: PendingResult): 'pause' | 'wait' | 'drop' {
    const { session } = result;
    const bytes = bytesOf(result);
    const answering = this.#sessions.get(session) ?? { state: 'reading', pausedMs: 0, waitingBytes: 0 };
    const { waitingBytes, pausedMs } = answering;
    if (waitingBytes > 0 && waitingBytes + bytes > this.#settings.frameBytesMax) return 'drop';
    this.#sessions.set(session, answering);
    this.#results.add(result);
    answering.waitingBytes += bytes;
    if (pausedMs >= this.#settings.stallMs) return 'wait';
    answering.state = 'paused';
    return 'pause';
  }

  /** Takes a result out of the queue and handles it again. It may be added again. */
  handleAgain(result: PendingResult): void {
    if (!this.#results.delete(result)) return;
    const answering = this.#sessions.get(result.session);
    if (answering !== undefined) {
      answering.waitingBytes -= bytesOf(result);
      answering.state = 'reading';
    }
    this.#turn = result.session;
    result.handleAgain();
    this.#turn = undefined;
  }

  /** Adds a time to the pauses of the paused sessions. A session that has been paused for `stallMs` in total may be read again. */
  countPause(elapsedMs: number): void {
    for (const answering of this.#sessions.values()) {
      if (answering.state === 'reading') continue;
      answering.pausedMs += elapsedMs;
      if (answering.pausedMs >= this.#settings.stallMs) answering.state = 'reading';
    }
  }

  /** Forgets an ended session and its results. */
  removeSession(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    for (const result of this.#results) if (result.session === session) this.#results.delete(result);
  }
}

function bytesOf({ payloadBytes }: PendingResult): number {
  return payloadBytes + limits.frameOverheadBytes;
}
