/** R-FLOW-1: the sessions from which the server does not read, because recipients of their frames are slow. */

import { heartbeatOf } from '../session/session-state.js';
import type { Session } from '../session/session.js';

/**
 * A sender whose silence does not count. `paused`: its frames are not read. `catching-up`: they are read again, and its pongs may still
 * wait behind other frames.
 */
interface HeldSender {
  state: 'paused' | 'catching-up';
  /** The number of bytes that the sender had sent at the last tick. */
  receivedBytes: number;
  /** The time since the sender was resumed. */
  catchingUpMs: number;
}

/** Stops and continues the reading of sessions. Their silence does not count in that time, and until their pongs are read (R-FLOW-1). */
export class PausedSenders {
  readonly #catchUpMsMax: number;
  readonly #held = new Map<Session, HeldSender>();

  /** A resumed session catches up for at most `catchUpMsMax`. */
  constructor(catchUpMsMax: number) {
    this.#catchUpMsMax = catchUpMsMax;
  }

  /** Reads no frame of the session until `resume`. Does nothing if the session is paused. */
  pause(session: Session): void {
    if (session.isPaused) return;
    this.#held.set(session, { state: 'paused', receivedBytes: session.receivedBytes, catchingUpMs: 0 });
    session.pause();
  }

  /** Reads the frames of the session again. Does nothing if the session is not paused here. */
  resume(session: Session): void {
    const held = this.#held.get(session);
    if (held?.state !== 'paused' || session.state.phase === 'closing') return;
    held.state = 'catching-up';
    session.resume();
  }

  /** Whether the silence of a session is not counted, because it is paused or its pongs wait behind its other frames. */
  excusesSilence(session: Session): boolean {
    return this.#held.has(session);
  }

  /** Records that a resumed sender has answered a ping, so its silence counts again. */
  recordPong(session: Session): void {
    if (this.#held.get(session)?.state === 'catching-up') this.#held.delete(session);
  }

  /** Must be called every tick. Resumes the sessions for which `mustWait` returns false. */
  tick(elapsedMs: number, nowMs: number, mustWait: (session: Session) => boolean): void {
    // Iterates over a copy, because a resumed sender may be paused again at once by frames that it sent before.
    for (const [session, held] of [...this.#held]) {
      if (session.state.phase === 'closing') this.#held.delete(session);
      else if (held.state === 'catching-up') this.#checkCaughtUp(session, held, elapsedMs, nowMs);
      else if (!mustWait(session)) this.resume(session);
    }
  }

  /**
   * Decides whether the silence of a resumed sender counts again. A tick in which no bytes arrive shows that all of its frames have been
   * read.
   */
  #checkCaughtUp(session: Session, held: HeldSender, elapsedMs: number, nowMs: number): void {
    held.catchingUpMs += elapsedMs;
    const isDry = session.receivedBytes === held.receivedBytes;
    heartbeatOf(session.state)?.excuseSilence(nowMs);
    if (isDry || held.catchingUpMs >= this.#catchUpMsMax) this.#held.delete(session);
    held.receivedBytes = session.receivedBytes;
  }
}
