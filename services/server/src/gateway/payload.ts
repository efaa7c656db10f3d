/** A payload as JSON text: parsed once, passed on unseen. Undefined where the sender gave none. */
export function payloadOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
