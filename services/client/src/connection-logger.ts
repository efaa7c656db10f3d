import type { Clock, Timer } from './clock.js';
import { formatAttempts, formatSeconds, withoutHint } from './connection/attempt-summary.js';
import type { MembershipEvents } from './events.js';
import type { Logger } from './logger.js';
import type { RankdError } from './rankd-error.js';

/** An attempt that has neither failed nor succeeded after this time gets a line of its own, ms. */
const CONNECTING_LINE_MS = 500;
/** How many failed attempts in a row get a line each. After that, lines have a distance. */
export const ATTEMPT_LINES_MAX = 5;
/** The distance of lines about failed attempts, ms. It doubles with each line, but not while `join` waits with a time limit. */
const LINE_DISTANCE_MS = { first: 5000, longest: 60_000 };

/** How many different reasons are logged without a distance. */
export const REASONS_MAX = 10;

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'connecting';
      readonly address: string;
      readonly attempt: number;
      /** The timer of the attempt's line, and whether the line is written. */
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
  /** The reasons that are logged already, at most REASONS_MAX. Each of several servers has its own. */
  readonly reasons: Set<string>;
  /** The mistakes and codes whose advice is logged already. */
  readonly advised: Set<string>;
}

/**
 * Logs how a membership connects: one line for each failed attempt, with what was tried and why it failed. The advice of an error comes
 * once. After ATTEMPT_LINES_MAX failed attempts in a row, an attempt is logged only if its reason is new, or after 5 s, and then
 * after twice the time, up to a minute. While `join` waits with a time limit, the time stays 5 s.
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

  /** An attempt starts. Its line is written only if the attempt takes long or succeeds, because a failed one has another line. */
  logConnecting({ address, attempt }: MembershipEvents['connecting'][0]): void {
    this.stop();
    const nowMs = this.#clock.nowMs();
    this.#outage ??= newOutage(nowMs);
    const timer = this.#mayLog(this.#outage, nowMs)
      ? this.#clock.after(CONNECTING_LINE_MS, () => this.#writeConnecting(), 'background')
      : undefined;
    this.#state = { kind: 'connecting', address, attempt, timer, line: 'pending' };
  }

  /** The server has admitted the member, or has put it on the waitlist. */
  logConnected(): void {
    this.#writeConnecting();
    this.stop();
    this.#state = { kind: 'connected' };
    this.#outage = undefined;
    this.#pace = 'slowing';
  }

  /** No attempt is made now. */
  stop(): void {
    if (this.#state.kind === 'connecting') this.#state.timer?.cancel();
    this.#state = { kind: 'idle' };
  }

  /** A session has ended, or an attempt has failed. */
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

  /** Logs the error after which there is no further attempt. */
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
