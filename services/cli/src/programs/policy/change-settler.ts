/** Decides when `run` reacts to a change of its member (R-PROG-3). */

import type { Clock, Timer } from '@rankd/client/internal';
import type { MemberFields, PlaceholderName } from '../line/member-fields.js';

/** After this many settle times a change is reported even if changes continue. */
const SETTLES_MAX = 10;
/** Jitter adds at most this fraction to the time between restarts, so that replicas do not restart at the same moment. */
const JITTER = 0.2;

/** The settings of a settler. */
export interface SettlerSettings {
  /** The fields whose changes count. */
  readonly watched: ReadonlySet<PlaceholderName>;
  /** How long the fields must be unchanged, ms. */
  readonly settleMs: number;
  /** The shortest time between two starts of the program, ms. Undefined: a change is reported as soon as it has settled. */
  readonly everyMs: number | undefined;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
}

/**
 * Reports a change of the watched fields once they have settled. Combines changes for at most ten settle times. Reports nothing if the
 * fields are again those that the program knows.
 */
export class ChangeSettler {
  readonly #clock: Clock;
  readonly #settings: SettlerSettings;
  readonly #onChange: () => void;
  #known: MemberFields | undefined;
  #current: MemberFields | undefined;
  /** The earliest time of the next restart, by the clock. */
  #earliestMs = 0;
  #pending: { readonly sinceMs: number; readonly timer: Timer } | undefined;

  /** @param onChange called when a change has settled. The caller then calls `recordStart` or `recordTold` */
  constructor(clock: Clock, settings: SettlerSettings, onChange: () => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#onChange = onChange;
  }

  /** Records that the program was started with these fields. */
  recordStart(fields: MemberFields): void {
    const { everyMs, random } = this.#settings;
    if (everyMs !== undefined) this.#earliestMs = this.#clock.nowMs() + everyMs * (1 + JITTER * random());
    this.recordTold(fields);
  }

  /** Records that the program knows these fields. A pending change is judged again. */
  recordTold(fields: MemberFields): void {
    this.#known = fields;
    this.stop();
    if (this.#current !== undefined) this.#judge();
  }

  /** Records the fields of the member. Fields of a suspended member are no change: do not pass them. */
  update(fields: MemberFields): void {
    const isSame = this.#current !== undefined && !this.#differ(fields, this.#current);
    this.#current = fields;
    if (!isSame || this.#pending === undefined) this.#judge();
  }

  /** Drops a pending change. */
  stop(): void {
    this.#pending?.timer.cancel();
    this.#pending = undefined;
  }

  #judge(): void {
    if (this.#known === undefined || this.#current === undefined) return;
    if (this.#pending === undefined && !this.#differ(this.#current, this.#known)) return;
    const nowMs = this.#clock.nowMs();
    const sinceMs = this.#pending?.sinceMs ?? nowMs;
    this.#pending?.timer.cancel();
    const { settleMs } = this.#settings;
    const settledMs = Math.min(nowMs + settleMs, sinceMs + SETTLES_MAX * settleMs);
    const delayMs = Math.max(settledMs, this.#earliestMs) - nowMs;
    this.#pending = { sinceMs, timer: this.#clock.after(Math.max(0, delayMs), () => this.#settle()) };
  }

  #settle(): void {
    this.#pending = undefined;
    if (this.#known === undefined || this.#current === undefined) return;
    if (this.#differ(this.#current, this.#known)) this.#onChange();
  }

  #differ(a: MemberFields, b: MemberFields): boolean {
    return [...this.#settings.watched].some(name => a[name] !== b[name]);
  }
}
