import type { SessionId } from '../../core/index.js';
import type { Origin } from '../../log/ordered-log.js';
import type { ServerEvent, Watcher } from '../../server-event.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { FlushCycle } from './flush-cycle.js';

export interface EventReporterPorts {
  readonly flushCycle: Pick<FlushCycle, 'requestFlush'>;
  readonly sessions: Pick<OpenSessions, 'isOwn'>;
  readonly watch: Watcher;
  /** Receives the events that another server of the cluster logs and counts: the event streams of the side port show them here too. */
  readonly overhear: Watcher;
}

/**
 * Reports events to the rest of the server. In a cluster exactly one server counts each event. Events are reported at the end of
 * the flush cycle, so that no promotion waits for a log line.
 */
export class EventReporter {
  readonly #ports: EventReporterPorts;
  #events: ServerEvent[] = [];
  #origin: Origin = 'here';

  constructor(ports: EventReporterPorts) {
    this.#ports = ports;
  }

  /** Which server proposed the entry that is being performed. */
  setOrigin(origin: Origin): void {
    this.#origin = origin;
  }

  /** This server counts the event. */
  reportOwn(event: ServerEvent): void {
    this.#events.push(event);
    this.#ports.flushCycle.requestFlush();
  }

  /** The server that proposed the entry counts the event. */
  report(event: ServerEvent): void {
    if (this.#origin === 'here') this.reportOwn(event);
    else this.#ports.overhear(event);
  }

  /** The server of the session counts the event; without a session, the server that proposed the entry. */
  reportFor(session: SessionId | undefined, event: ServerEvent): void {
    if (session === undefined) this.report(event);
    else if (this.#ports.sessions.isOwn(session)) this.reportOwn(event);
    else this.#ports.overhear(event);
  }

  flush(): void {
    const events = this.#events;
    this.#events = [];
    for (const event of events) this.#ports.watch(event);
  }
}
