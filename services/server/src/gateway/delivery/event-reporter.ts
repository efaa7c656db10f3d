import type { SessionId } from '../../core/index.js';
import type { Origin } from '../../log/ordered-log.js';
import type { ServerEvent, Watcher } from '../../server-event.js';
import type { OpenSessions } from '../session/open-sessions.js';

export interface EventReporterPorts {
  readonly flushCycle: { addEvent(event: ServerEvent): void };
  readonly sessions: Pick<OpenSessions, 'isOwn'>;
  /** Takes events that another server of the cluster reports and counts. */
  readonly overhear: Watcher;
}

/** Reports what entries bring about, so that of all servers in a cluster one counts it. */
export class EventReporter {
  readonly #ports: EventReporterPorts;
  #origin: Origin = 'here';

  constructor(ports: EventReporterPorts) {
    this.#ports = ports;
  }

  /** Who proposed the entry that is being performed. */
  setOrigin(origin: Origin): void {
    this.#origin = origin;
  }

  /** The server that proposed the entry counts the event. */
  report(event: ServerEvent): void {
    this.#reportFrom(this.#origin === 'here', event);
  }

  /** The server of the session counts the event; of no session, the server that proposed the entry. */
  reportFor(session: SessionId | undefined, event: ServerEvent): void {
    if (session === undefined) this.report(event);
    else this.#reportFrom(this.#ports.sessions.isOwn(session), event);
  }

  #reportFrom(isOwn: boolean, event: ServerEvent): void {
    if (isOwn) this.#ports.flushCycle.addEvent(event);
    else this.#ports.overhear(event);
  }
}
