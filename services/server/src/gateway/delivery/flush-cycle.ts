import type { Clock } from '../../clock.js';
import type { ServerEvent, Watcher } from '../../server-event.js';
import type { Session } from '../session/session.js';
import type { SharedBatch } from './shared-batch.js';

export interface FlushCyclePorts {
  readonly clock: Pick<Clock, 'soon'>;
  readonly flowControl: { recordWrite(session: Session): void };
  readonly watch: Watcher;
}

/** A channel that may have something to send. */
interface PendingChannel {
  /** Sends views and commands that wait. */
  flush(): void;
}

/**
 * Writes to sessions once a turn of the event loop. What has happened together is sent together: one view a member, one write
 * a session. Events are reported last: nobody's promotion waits for a line of log.
 */
export class FlushCycle {
  readonly #ports: FlushCyclePorts;
  #channels = new Set<PendingChannel>();
  #sessions = new Set<Session>();
  #events: ServerEvent[] = [];
  #state: 'idle' | 'scheduled' = 'idle';

  constructor(ports: FlushCyclePorts) {
    this.#ports = ports;
  }

  addChannel(channel: PendingChannel): void {
    this.#channels.add(channel);
    this.#schedule();
  }

  /** Something waits in this session's outbox. */
  addSession(session: Session): void {
    this.#sessions.add(session);
    this.#schedule();
  }

  /** Nothing is to be written to it. */
  removeSession(session: Session): void {
    this.#sessions.delete(session);
  }

  addEvent(event: ServerEvent): void {
    this.#events.push(event);
    this.#schedule();
  }

  /** Puts a session's share of a batch into its outbox, to be written with everything else of this cycle. */
  queueBatch(session: Session, batch: SharedBatch): void {
    session.outbox.addBatch(batch);
    this.addSession(session);
  }

  /** Writes everything that waits for a session, with its share of a batch. */
  writeBatch(session: Session, batch: SharedBatch): void {
    session.outbox.writeBatch(batch);
    this.#sessions.delete(session);
    this.#ports.flowControl.recordWrite(session);
  }

  flushSession(session: Session): void {
    session.outbox.flush();
    this.#sessions.delete(session);
    this.#ports.flowControl.recordWrite(session);
  }

  /** Ends the cycle now: channels first, then sessions, then events. */
  flushAll(): void {
    this.#state = 'idle';
    const channels = this.#channels;
    this.#channels = new Set();
    for (const channel of channels) channel.flush();
    this.flushSessions();
    const events = this.#events;
    this.#events = [];
    for (const event of events) this.#ports.watch(event);
  }

  /** Writes what waits in outboxes. */
  flushSessions(): void {
    const sessions = this.#sessions;
    this.#sessions = new Set();
    for (const session of sessions) {
      session.outbox.flush();
      this.#ports.flowControl.recordWrite(session);
    }
  }

  #schedule(): void {
    if (this.#state === 'scheduled') return;
    this.#state = 'scheduled';
    this.#ports.clock.soon(() => this.flushAll());
  }
}
