/** Durations as short text. */

const units = [
  { letter: 'd', ms: 86_400_000 },
  { letter: 'h', ms: 3_600_000 },
  { letter: 'm', ms: 60_000 },
  { letter: 's', ms: 1000 },
] as const;

/** Returns a short text: `0s`, `12s`, `3m`, `2h05m`, `4d03h`. */
export function formatDuration(ms: number): string {
  const at = units.findIndex(unit => ms >= unit.ms);
  const unit = units[at];
  if (unit === undefined) return '0s';
  const whole = Math.floor(ms / unit.ms);
  const next = units[at + 1];
  if (next === undefined || unit.letter === 'm') return `${whole}${unit.letter}`;
  return `${whole}${unit.letter}${String(Math.floor((ms % unit.ms) / next.ms)).padStart(2, '0')}${next.letter}`;
}

/** Returns how long ago a time was. A time in the future counts as now, because the clocks of two machines may differ. */
export function formatAge(at: string, nowMs: number): string {
  return formatDuration(Math.max(0, nowMs - Date.parse(at)));
}
