/** Writes a message as a frame. */

import type { ClientMessage } from '../schemas/client-messages.js';
import type { ServerMessage } from '../schemas/server-messages.js';

/** A field whose value is JSON text already: a sender's `args` or a recipient's `value`. It is sent unchanged. */
export interface RawField {
  readonly key: 'args' | 'value';
  readonly json: string;
}

/**
 * Returns the frame of a message as text, with its `\n` (R-FRAME-1). It returns text, so that the caller can join several frames and
 * convert them to bytes once.
 */
export function encodeFrame(message: ServerMessage | ClientMessage, raw?: RawField): string {
  const text = JSON.stringify(message);
  return raw === undefined ? `${text}\n` : `${text.slice(0, -1)},"${raw.key}":${raw.json}}\n`;
}
