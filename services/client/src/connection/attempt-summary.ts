/** The final error after several failed attempts. */

import { RankdError } from '../rankd-error.js';

/** Collects why each server could not be used. */
export class AttemptSummary {
  /** The last reason of each server, at most one for each address of the URL. */
  readonly #reasons = new Map<string, string>();
  #attempts = 0;

  /** Records a failed attempt. */
  record(address: string, error: RankdError): void {
    this.#attempts += 1;
    this.#reasons.delete(address);
    this.#reasons.set(address, withoutHint(error));
  }

  /** Returns the last error with the number of attempts, their time, and the reasons of the other servers. */
  summarize(error: RankdError, ms: number): RankdError {
    const { code, message, mistake, retry, retryAfterMs, cause } = error;
    const others = [...this.#reasons].slice(0, -1).map(([address, reason]) => `${address}: ${reason}`);
    const also = others.length === 0 ? '' : `; the other servers: ${others.join('; ')}`;
    const text = `${message}; gave up ${formatAttempts(this.#attempts, ms)}${also}`;
    return new RankdError(code, undefined, { message: text, mistake, retry, retryAfterMs, cause: cause ?? error });
  }
}

/** Returns the error's message without its hint. */
export function withoutHint({ hint, message }: Pick<RankdError, 'hint' | 'message'>): string {
  const end = `: ${hint ?? ''}`;
  return hint !== undefined && message.endsWith(end) ? message.slice(0, -end.length) : message;
}

/** Returns a text such as `after 12 attempts in 3.1 s`. */
export function formatAttempts(attempts: number, ms: number): string {
  return `after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} in ${formatSeconds(ms)}`;
}

/** Returns a duration for people: `0.4 s`, `12 s`. */
export function formatSeconds(ms: number): string {
  return `${ms < 10_000 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
}
