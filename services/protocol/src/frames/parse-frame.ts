import { limits } from '../limits.js';

/** A line that is a JSON object within the bounds of R-FRAME-3, or undefined where it is not. */
export function parseFrame(text: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return isWithinBounds(value, 1) ? (value as Record<string, unknown>) : undefined;
}

/** R-FRAME-3: nested no deeper than the limit, and no key that reads `__proto__`, however it was escaped. */
function isWithinBounds(value: object, level: number): boolean {
  if (level > limits.nestingMax) return false;
  if (Array.isArray(value)) {
    return value.every(item => typeof item !== 'object' || item === null || isWithinBounds(item as object, level + 1));
  }
  // What JSON.parse has made inherits nothing that is enumerable; and this loop makes no list of the keys.
  for (const key in value) {
    if (key === '__proto__') return false;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object' && item !== null && !isWithinBounds(item, level + 1)) return false;
  }
  return true;
}
