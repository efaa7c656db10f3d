import type { Member } from '../../../../src/core/index.js';

/** Measures absences as a server does: from the first effect about each. */
export class AbsenceTimes {
  readonly #beginnings = new Map<string, number>();

  /** Returns how long this absence of a member has lasted at the time `now`. The first call about an absence begins it. */
  elapsedMs(member: Member | string, absence: number, now: number): number {
    const key = `${typeof member === 'string' ? member : member.id} ${absence}`;
    const atMs = this.#beginnings.get(key) ?? now;
    this.#beginnings.set(key, atMs);
    return now - atMs;
  }

  /** Returns how many milliseconds are left until the absence has lasted for `ms`. */
  leftMs(member: Member | string, absence: number | undefined, ms: number, now: number): number {
    return absence === undefined ? ms : Math.max(0, ms - this.elapsedMs(member, absence, now));
  }
}
