import type { Gateway } from './gateway.js';

/** How a gateway ends: in order (R-BYE-2), or because its order is not its own to tell of any more. */
export class Shutdown {
  readonly #gateway: Gateway;
  readonly #lookMs: number;
  #state: 'open' | 'draining' | 'over' = 'open';

  /** `lookMs`: how often it is looked whether all has ended. */
  constructor(gateway: Gateway, lookMs: number) {
    this.#gateway = gateway;
    this.#lookMs = lookMs;
  }

  /** Why nobody and nothing new is taken. */
  get refusal(): 'DRAINING' | 'UNAVAILABLE' | undefined {
    switch (this.#state) {
      case 'open':
        return undefined;
      case 'draining':
        return 'DRAINING';
      case 'over':
        return 'UNAVAILABLE';
    }
  }

  /** What becomes of members is not this server's to propose any more. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** R-BYE-2: nothing new from here on; resolves when no command is open any more, or after `drainMs`. */
  async drain(drainMs: number): Promise<void> {
    const { clock, log } = this.#gateway;
    this.#state = 'draining';
    log.freeze(clock.wallMs());
    const until = clock.monotonicMs() + drainMs;
    while (this.#hasCommandsOpen() && clock.monotonicMs() < until) {
      await new Promise<void>(resolve => void clock.after(Math.min(this.#lookMs, drainMs), resolve));
    }
  }

  /** R-BYE-2: every session gets its `bye`, told to come back at different times. */
  sayGoodbye(retryAfterMsMax: number): void {
    this.#endAll('DRAINING', retryAfterMsMax);
  }

  /** What is left of this life is not this server's to decide any more: every session is told to try another server. */
  disband(retryAfterMsMax: number): void {
    this.#state = 'over';
    this.#endAll('UNAVAILABLE', retryAfterMsMax);
  }

  #endAll(code: 'DRAINING' | 'UNAVAILABLE', retryAfterMsMax: number): void {
    this.#gateway.stop();
    const { sessions } = this.#gateway;
    for (const [index, session] of sessions.entries()) {
      session.end(code, undefined, Math.round((retryAfterMsMax * (index + 1)) / sessions.length));
    }
  }

  #hasCommandsOpen(): boolean {
    const isOurs = (id: string): boolean => this.#gateway.isOurs(id);
    for (const group of this.#gateway.log.groups.values()) if (group.hasCommandsOf(isOurs)) return true;
    return false;
  }
}
