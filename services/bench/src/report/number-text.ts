/** Returns a number with three digits: 0.732, 7.32, 73.2, 1,732. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 3) });
}
