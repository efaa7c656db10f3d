import type { ClientMessage } from '../schemas/client-messages.js';
import type { ServerMessage } from '../schemas/server-messages.js';

/** A field whose JSON is already text: a sender's `args`, a recipient's `value`. It goes out as it came. */
export interface RawField {
  readonly key: 'args' | 'value';
  readonly json: string;
}

/** One frame, terminator included (R-FRAME-1), as text: what goes out together becomes bytes together. */
export function encodeFrame(message: ServerMessage | ClientMessage, raw?: RawField): string {
  const text = JSON.stringify(message);
  return raw === undefined ? `${text}\n` : `${text.slice(0, -1)},"${raw.key}":${raw.json}}\n`;
}
