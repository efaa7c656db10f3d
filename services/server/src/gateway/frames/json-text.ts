/** JSON text and its bytes, with fast paths for ASCII. */

import { isAscii } from 'node:buffer';

/** Printable ASCII that needs no escape in JSON. */
const plain = /^[ !#-[\]-~]*$/;

/**
 * Returns the text between the quotes of `JSON.stringify(text)`, for a short string. Most strings need no escape, and the test for that
 * takes less than half of the time of `JSON.stringify`.
 */
export function escaped(text: string): string {
  return plain.test(text) ? text : JSON.stringify(text).slice(1, -1);
}

/**
 * Whether the JSON text of a payload takes at most `bytesMax` bytes. A character takes one to three bytes, so most payloads need no
 * counting.
 */
export function fitsIn(payload: string | undefined, bytesMax: number): boolean {
  if (payload === undefined || payload.length * 3 <= bytesMax) return true;
  return payload.length <= bytesMax && Buffer.byteLength(payload) <= bytesMax;
}

/** Returns the bytes of frames. Needs one pass over the text if it is ASCII, as nearly all frames are. */
export function frameBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  // If as many bytes as characters were written, and each is ASCII, the buffer contains the whole text.
  if (bytes.write(text) === text.length && isAscii(bytes)) return bytes;
  return Buffer.from(text);
}
