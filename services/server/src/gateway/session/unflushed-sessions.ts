/** The sessions whose outboxes hold frames until the end of the flush cycle: one round of the event loop. */

import type { FlushQueue } from '../delivery/flush-cycle.js';
import type { QueuedFrame } from './outbox.js';
import type { Session } from './session.js';

/** The parts of the gateway that UnflushedSessions uses. */
export interface UnflushedSessionsPorts {
  /** The sessions whose outboxes hold frames. */
  readonly queue: FlushQueue<Session>;
  readonly flowControl: { recordWrite(session: Session): void; endOverfull(session: Session): void };
}

/** Adds frames to outboxes, and writes those outboxes at the end of the flush cycle. */
export class UnflushedSessions {
  readonly #ports: UnflushedSessionsPorts;

  constructor(ports: UnflushedSessionsPorts) {
    this.#ports = ports;
  }

  /** Writes the session's outbox at the end of the cycle. */
  addSession(session: Session): void {
    this.#ports.queue.add(session);
  }

  /**
   * Adds a frame to the session's outbox, after the first `place` pending deliveries. Ends the session with SLOW_CONSUMER if the frame does
   * not fit under its backlog limit plus `reserveBytes`, or under the rest of the limit for all sessions.
   */
  addFrame(session: Session, frame: QueuedFrame, place: number, reserveBytes: number): void {
    const { queue, flowControl } = this.#ports;
    if (!session.outbox.hasRoomForFrame(frame, reserveBytes)) flowControl.endOverfull(session);
    else {
      queue.add(session);
      session.outbox.addFrame(frame, place);
    }
  }

  /** Forgets an ended session. */
  removeSession(session: Session): void {
    this.#ports.queue.delete(session);
  }

  /** Writes the session's outbox now. */
  flushSession(session: Session): void {
    this.#ports.queue.delete(session);
    this.#write(session);
  }

  /** Writes every outbox that holds frames. */
  flush(): void {
    for (const session of this.#ports.queue.takeAll()) this.#write(session);
  }

  #write(session: Session): void {
    session.outbox.flush();
    this.#ports.flowControl.recordWrite(session);
  }
}
