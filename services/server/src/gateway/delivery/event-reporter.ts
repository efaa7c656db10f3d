/** Reports what happens in the gateway to the log lines, metrics and event streams of the server. */

import type { SessionId } from '../../core/index.js';
import type { Origin } from '../../log/ordered-log.js';
import type { ServerEvent, Watcher } from '../../server-event.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { FlushCycle } from './flush-cycle.js';
import { PromotionReport } from './promotion-reports.js';

/** The parts of the server that EventReporter uses. */
export interface EventReporterPorts {
  readonly flushCycle: Pick<FlushCycle, 'requestFlush'>;
  readonly sessions: Pick<OpenSessions, 'isOwn'>;
  readonly watch: Watcher;
  /** Receives the events that another server of the cluster logs and counts. The event streams of the side port show them too. */
  readonly overhear: Watcher;
}

/**
 * Reports events. In a cluster exactly one server logs and counts each event. That server reports it at the end of the flush cycle, so
 * that no promotion waits for a log line.
 */
export class EventReporter {
  readonly #ports: EventReporterPorts;
  #events: (ServerEvent | PromotionReport)[] = [];
  #origin: Origin = 'here';

  constructor(ports: EventReporterPorts) {
    this.#ports = ports;
  }

  /** Sets which server proposed the entry that is performed now. */
  setOrigin(origin: Origin): void {
    this.#origin = origin;
  }

  /** Reports an event that this server counts. */
  reportOwn(event: ServerEvent): void {
    this.#events.push(event);
    this.#ports.flushCycle.requestFlush();
  }

  /** Reports an event that the proposer of the present entry counts. */
  report(event: ServerEvent): void {
    if (this.#origin === 'here') this.reportOwn(event);
    else this.#ports.overhear(event);
  }

  /** Reports an event that the server of `session` counts. Without a session, the proposer of the present entry counts it. */
  reportFor(session: SessionId | undefined, event: ServerEvent): void {
    if (session === undefined) this.report(event);
    else if (this.#ports.sessions.isOwn(session)) this.reportOwn(event);
    else this.#ports.overhear(event);
  }

  /** Reports promotions at this place among the events, when the report is closed. */
  reportPromotions(report: PromotionReport): void {
    this.#events.push(report);
    this.#ports.flushCycle.requestFlush();
  }

  /** Reports the events of this cycle. */
  flush(): void {
    const events = this.#events;
    this.#events = [];
    for (const event of events) {
      if (!(event instanceof PromotionReport)) this.#ports.watch(event);
      else if (event.state === 'open') this.#events.push(event);
      else this.#watchPromotions(event);
    }
  }

  #watchPromotions(report: PromotionReport): void {
    const event = report.toEvent();
    if (event !== undefined) this.#ports.watch(event);
  }
}
