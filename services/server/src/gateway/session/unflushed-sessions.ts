import type { FlushQueue } from '../delivery/flush-cycle.js';
import type { Session } from './session.js';

export interface UnflushedSessionsPorts {
  /** The sessions whose outboxes hold frames. */
  readonly queue: FlushQueue<Session>;
  readonly flowControl: { recordWrite(session: Session): void; endOverfull(session: Session): void };
}

/** The sessions whose outboxes hold frames until the end of the flush cycle. */
export class UnflushedSessions {
  readonly #ports: UnflushedSessionsPorts;

  constructor(ports: UnflushedSessionsPorts) {
    this.#ports = ports;
  }

  /** The session's outbox holds something. */
  addSession(session: Session): void {
    this.#ports.queue.add(session);
  }

  /** Adds a frame to the session's outbox, behind the first `place` deliveries under way. Ends a session without room for it. */
  addFrame(session: Session, frame: string, place: number): void {
    const { queue, flowControl } = this.#ports;
    if (!session.outbox.hasRoomForFrame(frame)) flowControl.endOverfull(session);
    else {
      queue.add(session);
      session.outbox.addFrame(frame, place);
    }
  }

  /** Nothing is written to an ended session. */
  removeSession(session: Session): void {
    this.#ports.queue.delete(session);
  }

  flushSession(session: Session): void {
    this.#ports.queue.delete(session);
    this.#write(session);
  }

  /** Writes to every session whose outbox holds something. */
  flush(): void {
    for (const session of this.#ports.queue.takeAll()) this.#write(session);
  }

  #write(session: Session): void {
    session.outbox.flush();
    this.#ports.flowControl.recordWrite(session);
  }
}
