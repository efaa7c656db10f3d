import type { ClientMessage } from './client-messages.js';
import type { ServerMessage } from './server-messages.js';

/** A field whose JSON is already text: a sender's `args`, a recipient's `value`. It goes out as it came. */
export interface RawField {
  readonly key: 'args' | 'value';
  readonly json: string;
}

/** One frame, terminator included (R-FRAME-1). */
export function encodeFrame(message: ServerMessage | ClientMessage, raw?: RawField): Buffer {
  const text = JSON.stringify(message);
  return Buffer.from(raw === undefined ? `${text}\n` : `${text.slice(0, -1)},"${raw.key}":${raw.json}}\n`);
}
