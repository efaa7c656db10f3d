import type { Clock } from '../clock.js';
import type { OrderedLog } from '../log/ordered-log.js';
import type { FlushCycle } from './delivery/flush-cycle.js';
import type { Ticker } from './liveness/ticker.js';
import type { OpenSessions } from './session/open-sessions.js';

/** R-BYE-2: why this server accepts no session and no command now. The core rejects commands with other codes. */
export type Refusal = 'DRAINING' | 'UNAVAILABLE';

export interface ShutdownPorts {
  readonly clock: Clock;
  readonly log: Pick<OrderedLog, 'freezeOrder' | 'groups'>;
  readonly sessions: Pick<OpenSessions, 'values' | 'isOwn'>;
  readonly flushCycle: Pick<FlushCycle, 'flushAll'>;
  readonly ticker: Pick<Ticker, 'stop'>;
}

/** Ends all sessions of a server: in order when it drains (R-BYE-2), or because it has lost its place in the cluster. */
export class Shutdown {
  readonly #ports: ShutdownPorts;
  readonly #pollMs: number;
  #state: 'open' | 'draining' | 'over' = 'open';

  /** `pollMs`: how often a drain checks whether commands are still open. */
  constructor(pollMs: number, ports: ShutdownPorts) {
    this.#ports = ports;
    this.#pollMs = pollMs;
  }

  /** Why new sessions and commands are refused; undefined while they are not. */
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

  /** Whether this server may no longer propose what becomes of its members. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** R-BYE-2: refuses new sessions and commands from here on. Resolves when no command is open, or after `drainMs`. */
  async drain(drainMs: number): Promise<void> {
    const { clock, log } = this.#ports;
    this.#state = 'draining';
    log.freezeOrder(clock.wallMs());
    const until = clock.monotonicMs() + drainMs;
    while (this.#hasCommandsOpen() && clock.monotonicMs() < until) {
      await new Promise<void>(resolve => void clock.after(Math.min(this.#pollMs, drainMs), resolve));
    }
  }

  /** R-BYE-2: every session gets its `bye`, each with another time to come back, up to `retryAfterMsMax`. */
  sayGoodbye(retryAfterMsMax: number): void {
    this.#endAll('DRAINING', retryAfterMsMax);
  }

  /** This incarnation of the server is over: every session gets a `bye`, to try another server. */
  disband(retryAfterMsMax: number): void {
    this.#state = 'over';
    this.#endAll('UNAVAILABLE', retryAfterMsMax);
  }

  #endAll(code: 'DRAINING' | 'UNAVAILABLE', retryAfterMsMax: number): void {
    this.#ports.flushCycle.flushAll();
    this.#ports.ticker.stop();
    const sessions = [...this.#ports.sessions.values()];
    for (const [index, session] of sessions.entries()) {
      session.end(code, undefined, Math.round((retryAfterMsMax * (index + 1)) / sessions.length));
    }
  }

  #hasCommandsOpen(): boolean {
    const { sessions, log } = this.#ports;
    const isOwn = (id: string): boolean => sessions.isOwn(id);
    for (const group of log.groups.values()) if (group.hasCommandsOf(isOwn)) return true;
    return false;
  }
}
