/** R-JOIN-1: ends sessions that send no hello. */

import type { ServerConfig } from '../../config.js';
import type { Session } from '../session/session.js';
import type { StallFreeClock } from './stall-free-clock.js';

/** A session that has sent no hello for this long counts towards RANKD_HELLO_PENDING_MAX (R-JOIN-1). */
const HELLO_PATIENCE_MS = 250;

/** The parts of the server that HelloWatchdog uses. */
export interface HelloWatchdogPorts {
  readonly config: Pick<ServerConfig, 'RANKD_HELLO_TIMEOUT_MS' | 'RANKD_HELLO_PENDING_MAX'>;
  readonly stallFreeClock: Pick<StallFreeClock, 'nowMs'>;
}

/**
 * Ends sessions that send no hello in time. If too many sessions have sent no hello, ends those that have waited longest (R-JOIN-1). Both
 * get `bye` HELLO_TIMEOUT.
 */
export class HelloWatchdog {
  readonly #ports: HelloWatchdogPorts;
  /** The sessions without hello and the times at which they opened. The oldest one is first. */
  readonly #openedAtMs = new Map<Session, number>();

  constructor(ports: HelloWatchdogPorts) {
    this.#ports = ports;
  }

  /** Starts waiting for the hello of a new session. */
  addSession(session: Session): void {
    this.#openedAtMs.set(session, this.#ports.stallFreeClock.nowMs);
  }

  /** Forgets an ended session. */
  removeSession(session: Session): void {
    this.#openedAtMs.delete(session);
  }

  /** Must be called every tick. Ends sessions that have waited too long. */
  endSilent(): void {
    const { config, stallFreeClock } = this.#ports;
    const { RANKD_HELLO_TIMEOUT_MS: timeoutMs, RANKD_HELLO_PENDING_MAX: pendingMax } = config;
    const { nowMs } = stallFreeClock;
    const silent: Session[] = [];
    for (const [session, openedAtMs] of this.#openedAtMs) {
      const { state } = session;
      if (state.phase !== 'greeting' || state.request !== undefined) this.#openedAtMs.delete(session);
      else if (nowMs - openedAtMs >= timeoutMs) session.end('HELLO_TIMEOUT', `${timeoutMs} ms`);
      else if (nowMs - openedAtMs >= HELLO_PATIENCE_MS) silent.push(session);
      else break;
    }
    const tooMany = Math.max(0, silent.length - pendingMax);
    for (const session of silent.slice(0, tooMany))
      session.end('HELLO_TIMEOUT', 'too many sessions without hello, the limit of RANKD_HELLO_PENDING_MAX');
  }
}
