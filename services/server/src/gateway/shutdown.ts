/** R-BYE-2: how the sessions of a server end when it stops, or when it loses its place in the cluster. */

import type { Clock } from '../clock.js';
import type { OrderedLog } from '../log/ordered-log.js';
import type { FlushCycle } from './delivery/flush-cycle.js';
import type { Ticker } from './liveness/ticker.js';
import type { OpenSessions } from './session/open-sessions.js';
import type { Session } from './session/session.js';

/** The code with which this server refuses new sessions and commands (R-BYE-2). The core rejects commands with other codes. */
export type Refusal = 'DRAINING' | 'UNAVAILABLE';

/** The parts of the server that Shutdown uses. */
export interface ShutdownPorts {
  readonly clock: Clock;
  readonly log: Pick<OrderedLog, 'freezeOrder' | 'groups'>;
  readonly sessions: Pick<OpenSessions, 'values' | 'isOwn'>;
  readonly flushCycle: Pick<FlushCycle, 'flushAll' | 'stop'>;
  readonly ticker: Pick<Ticker, 'stop'>;
}

/**
 * Ends all sessions of a server, for one of two reasons. The server drains: it waits for open commands to end and then stops (R-BYE-2).
 * Or it has lost its place in the cluster.
 */
export class Shutdown {
  readonly #ports: ShutdownPorts;
  readonly #pollMs: number;
  #state: 'open' | 'draining' | 'over' = 'open';

  /** `pollMs` is how often a drain checks whether commands are still open. */
  constructor(pollMs: number, ports: ShutdownPorts) {
    this.#ports = ports;
    this.#pollMs = pollMs;
  }

  /** The code with which new sessions and commands are refused. Undefined while they are accepted. */
  get refusal(): Refusal | undefined {
    switch (this.#state) {
      case 'open':
        return undefined;
      case 'draining':
        return 'DRAINING';
      case 'over':
        return 'UNAVAILABLE';
    }
  }

  /** Whether this incarnation is over. Other servers then decide about its members, so this server proposes no departures. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /**
   * Refuses new sessions and commands from now on, and freezes the order (R-BYE-2). Resolves when no command of this server's sessions is
   * open, or after `drainMs`.
   */
  async drain(drainMs: number): Promise<void> {
    const { clock, log } = this.#ports;
    this.#state = 'draining';
    log.freezeOrder(clock.wallMs());
    const until = clock.monotonicMs() + drainMs;
    while (this.#hasCommandsOpen() && clock.monotonicMs() < until) {
      await new Promise<void>(resolve => void clock.after(Math.min(this.#pollMs, drainMs), resolve));
    }
  }

  /**
   * Ends every session with `bye` DRAINING (R-BYE-2). Each gets a different `retryAfterMs`, up to `retryAfterMsMax`, so that the clients
   * do not reconnect at once.
   */
  endSessions(retryAfterMsMax: number): void {
    this.#endAll('DRAINING', retryAfterMsMax);
  }

  /**
   * Ends every session with `bye` UNAVAILABLE, because this incarnation is over. The clients connect to another server. Each gets a
   * different `retryAfterMs`, up to `retryAfterMsMax`.
   */
  disband(retryAfterMsMax: number): void {
    this.#state = 'over';
    this.#endAll('UNAVAILABLE', retryAfterMsMax);
  }

  /**
   * Does the same as disband(), but sends no view that is not sent yet: an entry is possibly applied in part, so the state of its group is
   * unreliable. Never throws.
   */
  abandon(retryAfterMsMax: number): void {
    this.#state = 'over';
    this.#ports.flushCycle.stop();
    this.#ports.ticker.stop();
    this.#forEachSession(retryAfterMsMax, (session, retryAfterMs) => {
      try {
        session.end('UNAVAILABLE', undefined, retryAfterMs);
      } catch {
        session.connection.destroy();
      }
    });
  }

  #endAll(code: 'DRAINING' | 'UNAVAILABLE', retryAfterMsMax: number): void {
    this.#ports.flushCycle.flushAll();
    this.#ports.ticker.stop();
    this.#forEachSession(retryAfterMsMax, (session, retryAfterMs) => session.end(code, undefined, retryAfterMs));
  }

  #forEachSession(retryAfterMsMax: number, act: (session: Session, retryAfterMs: number) => void): void {
    const sessions = [...this.#ports.sessions.values()];
    for (const [index, session] of sessions.entries()) {
      act(session, Math.round((retryAfterMsMax * (index + 1)) / sessions.length));
    }
  }

  #hasCommandsOpen(): boolean {
    const { sessions, log } = this.#ports;
    const isOwn = (id: string): boolean => sessions.isOwn(id);
    for (const group of log.groups.values()) if (group.hasCommandsOf(isOwn)) return true;
    return false;
  }
}
