/** Times and numbers as text. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Formats a duration in its two largest units: `42 s`, `3 min 20 s`, `5 h 12 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const whole = (unitMs: number, withinMs = Number.POSITIVE_INFINITY): number => Math.floor((ms % withinMs) / unitMs);
  if (ms < SECOND_MS) return '0 s';
  if (ms < MINUTE_MS) return `${whole(SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${whole(MINUTE_MS)} min ${whole(SECOND_MS, MINUTE_MS)} s`;
  if (ms < DAY_MS) return `${whole(HOUR_MS)} h ${whole(MINUTE_MS, HOUR_MS)} min`;
  return `${whole(DAY_MS)} d ${whole(HOUR_MS, DAY_MS)} h`;
}

/** Returns a count with its noun: `1 member`, `5 members`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** Returns the time of day of this machine: `14:03:22`. */
export function formatTime(ms: number): string {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
}
