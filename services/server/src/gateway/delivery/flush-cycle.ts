import type { Clock } from '../../clock.js';
import type { ServerEvent, Watcher } from '../../server-event.js';
import type { GroupChannel } from './group-channel.js';
import type { Session } from '../session/session.js';

export interface FlushCyclePorts {
  readonly clock: Clock;
  /** Brings everybody in the group up to date. */
  readonly settle: (desk: GroupChannel) => void;
  /** This session has been written to. */
  readonly written: (session: Session) => void;
  readonly watch: Watcher;
}

/**
 * What one turn of the event loop brings. What has happened together is told together: one view a member, one write a
 * session. Whoever watches hears of it last: nobody's promotion waits for a line of log.
 */
export class FlushCycle {
  readonly #ports: FlushCyclePorts;
  #desks = new Set<GroupChannel>();
  #sessions = new Set<Session>();
  #events: ServerEvent[] = [];
  #end: 'none' | 'scheduled' = 'none';

  constructor(ports: FlushCyclePorts) {
    this.#ports = ports;
  }

  /** Somebody in this group has something to be told. */
  touches(desk: GroupChannel): void {
    this.#desks.add(desk);
    this.#schedule();
  }

  /** Something waits in this session's outbox. */
  writes(session: Session): void {
    this.#sessions.add(session);
    this.#schedule();
  }

  /** Nothing of what it was brought waits any more, or nobody is there to write it to. */
  forget(session: Session): void {
    this.#sessions.delete(session);
  }

  brings(event: ServerEvent): void {
    this.#events.push(event);
    this.#schedule();
  }

  /** Ends it now: all is told, and all is written. */
  end(): void {
    this.#end = 'none';
    const desks = this.#desks;
    this.#desks = new Set();
    for (const desk of desks) this.#ports.settle(desk);
    this.write();
    const events = this.#events;
    this.#events = [];
    for (const event of events) this.#ports.watch(event);
  }

  /** Writes what waits in outboxes. */
  write(): void {
    const sessions = this.#sessions;
    this.#sessions = new Set();
    for (const session of sessions) {
      session.outbox.flush();
      this.#ports.written(session);
    }
  }

  #schedule(): void {
    if (this.#end === 'scheduled') return;
    this.#end = 'scheduled';
    this.#ports.clock.soon(() => this.end());
  }
}
