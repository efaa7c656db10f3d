import { UsageError } from './errors.js';

/**
 * Parses a whole number.
 * @param name the option or argument, for the error
 * @throws UsageError if it is not a whole number from `minimum` to `maximum`
 */
export function parseInteger(name: string, text: string, minimum: number, maximum = 1_000_000_000): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
  throw new UsageError(`${name} must be a whole number from ${minimum} to ${maximum}, not ${JSON.stringify(text)}`);
}
