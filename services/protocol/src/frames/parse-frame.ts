import { limits } from '../limits.js';

/** R-FRAME-3: parses a frame. Returns undefined if it is not a JSON object, is nested too deep, or contains the key `__proto__`. */
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

/** Whether a value is nested at most as deep as the limit and has no key `__proto__`, written with or without escapes (R-FRAME-3). */
function isWithinBounds(value: object, level: number): boolean {
  if (level > limits.nestingMax) return false;
  if (Array.isArray(value)) {
    return value.every(item => typeof item !== 'object' || item === null || isWithinBounds(item as object, level + 1));
  }
  // for-in is safe here: a parsed object inherits no enumerable keys. Unlike Object.keys, it makes no list.
  for (const key in value) {
    if (key === '__proto__') return false;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object' && item !== null && !isWithinBounds(item, level + 1)) return false;
  }
  return true;
}
