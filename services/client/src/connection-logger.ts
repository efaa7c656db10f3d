/** Logs how a membership connects, without a line for each of many failed attempts. */

import type { Clock, Timer } from './clock.js';
import { formatAttempts, formatSeconds, withoutHint } from './connection/attempt-summary.js';
import type { MembershipEvents } from './events.js';
import type { Logger } from './logger.js';
import type { RankdError } from './rankd-error.js';

/** An attempt that takes longer than this gets its own log line, ms. */
const CONNECTING_LINE_MS = 500;
/** How many failed attempts in a row get a line each. Later lines are written at intervals. */
export const ATTEMPT_LINES_MAX = 5;
/** The interval between later lines about failed attempts, ms. It doubles with each line, but not while `join` has a time limit. */
const LINE_DISTANCE_MS = { first: 5000, longest: 60_000 };

/** How many different reasons are logged at once, without waiting for the interval. */
export const REASONS_MAX = 10;

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'connecting';
      readonly address: string;
      readonly attempt: number;
      /** The timer that writes the attempt's line, and whether the line was written. */
      readonly timer: Timer | undefined;
      line: 'pending' | 'written';
    }
  /** The member has a seat, or waits for one. */
  | { readonly kind: 'connected' };

/** The failed attempts since the last seat. */
interface Outage {
  readonly startedAtMs: number;
  lines: number;
  nextLineAtMs: number;
  distanceMs: number;
  /** The reasons that were logged, at most REASONS_MAX. The same reason of another server counts as another reason. */
  readonly reasons: Set<string>;
  /** The mistakes and codes whose advice was logged. */
  readonly advised: Set<string>;
}

/**
 * Logs how a membership connects: one line for each failed attempt, with the server's address and the reason. The advice of an error is
 * logged once. After ATTEMPT_LINES_MAX failed attempts in a row, an attempt is logged only if its reason is new, or if the interval since
 * the last line has passed. The interval is 5 s and doubles with each line, up to a minute. While `join` has a time limit, it stays 5 s.
 */
export class ConnectionLogger {
  readonly #logger: Logger;
  readonly #clock: Clock;
  #state: State = { kind: 'idle' };
  #outage: Outage | undefined;
  #pace: 'steady' | 'slowing';

  /** @param joinWithinMs how long to try for the first seat, ms */
  constructor(logger: Logger, clock: Clock, joinWithinMs: number = Infinity) {
    this.#logger = logger;
    this.#clock = clock;
    this.#pace = Number.isFinite(joinWithinMs) ? 'steady' : 'slowing';
  }

  /**
   * Called when an attempt starts. Its line is written only if the attempt takes long or succeeds, because a failed attempt has another
   * line.
   */
  logConnecting({ address, attempt }: MembershipEvents['connecting'][0]): void {
    this.stop();
    const nowMs = this.#clock.nowMs();
    this.#outage ??= newOutage(nowMs);
    const timer = this.#mayLog(this.#outage, nowMs)
      ? this.#clock.after(CONNECTING_LINE_MS, () => this.#writeConnecting(), 'background')
      : undefined;
    this.#state = { kind: 'connecting', address, attempt, timer, line: 'pending' };
  }

  /** Called when the server has admitted the member or has put it on the waitlist. */
  logConnected(): void {
    this.#writeConnecting();
    this.stop();
    this.#state = { kind: 'connected' };
    this.#outage = undefined;
    this.#pace = 'slowing';
  }

  /** Called when the client stops connecting. */
  stop(): void {
    if (this.#state.kind === 'connecting') this.#state.timer?.cancel();
    this.#state = { kind: 'idle' };
  }

  /** Called when a session has ended or an attempt has failed. */
  logDisconnected({ error, retryInMs }: MembershipEvents['disconnected'][0]): void {
    const state = this.#state;
    this.stop();
    if (retryInMs === undefined) this.#writeEnd(error, state);
    else if (state.kind === 'connecting') this.#logFailure(error, retryInMs, state);
    else {
      // The advice is left out: the library itself reconnects.
      const message = `${withoutHint(error)} (${error.code}); reconnecting in ${retryInMs} ms`;
      this.#logger.warn({ event: 'disconnected', code: error.code, retryInMs }, message);
    }
  }

  #logFailure(
    error: RankdError,
    retryInMs: number,
    { address, attempt }: Extract<State, { kind: 'connecting' }>,
  ): void {
    const nowMs = this.#clock.nowMs();
    const outage = (this.#outage ??= newOutage(nowMs));
    const reason = withoutHint(error);
    const isKnown = outage.reasons.has(reason) || outage.reasons.size >= REASONS_MAX;
    if (isKnown && !this.#mayLog(outage, nowMs)) return;
    const sinceMs = Math.round(nowMs - outage.startedAtMs);
    const forTime = outage.lines < ATTEMPT_LINES_MAX ? '' : ` after ${formatSeconds(sinceMs)}`;
    const advice = outage.advised.has(error.mistake ?? error.code) ? '' : adviceOf(error);
    const fields = { event: 'disconnected', code: error.code, retryInMs, address, attempt, sinceMs };
    const line = `attempt ${attempt}${forTime}: ${reason} (${error.code}); reconnecting in ${retryInMs} ms`;
    this.#countLine(outage, error.mistake ?? error.code, reason, nowMs);
    const rest = outage.lines === ATTEMPT_LINES_MAX ? '. From now on not every attempt is logged' : '';
    this.#logger.warn(fields, `${line}${advice}${rest}`);
  }

  #mayLog(outage: Outage, nowMs: number): boolean {
    return outage.lines < ATTEMPT_LINES_MAX || nowMs >= outage.nextLineAtMs;
  }

  #countLine(outage: Outage, advised: string, reason: string, nowMs: number): void {
    outage.lines += 1;
    if (outage.reasons.size < REASONS_MAX) outage.reasons.add(reason);
    outage.advised.add(advised);
    outage.nextLineAtMs = nowMs + outage.distanceMs;
    if (outage.lines > ATTEMPT_LINES_MAX && this.#pace === 'slowing') {
      outage.distanceMs = Math.min(2 * outage.distanceMs, LINE_DISTANCE_MS.longest);
      outage.nextLineAtMs = nowMs + outage.distanceMs;
    }
  }

  /** Logs the last error: no attempt follows it. */
  #writeEnd(error: RankdError, state: State): void {
    const attempts = state.kind === 'connecting' ? state.attempt : 0;
    const sinceMs = Math.round(this.#clock.nowMs() - (this.#outage?.startedAtMs ?? this.#clock.nowMs()));
    const gaveUp = attempts > 1 ? `gave up ${formatAttempts(attempts, sinceMs)}` : 'not reconnecting';
    const fields = { event: 'disconnected', code: error.code, retryInMs: undefined, attempts, sinceMs };
    this.#logger.warn(fields, `${error.message} (${error.code}); ${gaveUp}`);
  }

  #writeConnecting(): void {
    if (this.#state.kind !== 'connecting' || this.#state.line === 'written') return;
    this.#state.line = 'written';
    const { address, attempt } = this.#state;
    const number = attempt > 1 ? `, attempt ${attempt}` : '';
    this.#logger.info({ event: 'connecting', address, attempt }, `connecting to ${address}${number}`);
  }
}

function newOutage(startedAtMs: number): Outage {
  const distanceMs = LINE_DISTANCE_MS.first;
  return { startedAtMs, lines: 0, nextLineAtMs: startedAtMs, distanceMs, reasons: new Set(), advised: new Set() };
}

function adviceOf({ hint }: RankdError): string {
  return hint === undefined ? '' : `. ${capitalize(hint)}`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
