import { isAscii } from 'node:buffer';

/** Printable ASCII that needs no escape in JSON. */
const plain = /^[ !#-[\]-~]*$/;

/**
 * What stands between the quotes of `JSON.stringify(text)`, for a short string. Most need no escape, and finding that out
 * takes less than half of the time.
 */
export function escaped(text: string): string {
  return plain.test(text) ? text : JSON.stringify(text).slice(1, -1);
}

/** Whether the JSON text of a payload takes at most `bytesMax`. A character is one to three bytes: most need no counting. */
export function fitsIn(payload: string | undefined, bytesMax: number): boolean {
  if (payload === undefined || payload.length * 3 <= bytesMax) return true;
  return payload.length <= bytesMax && Buffer.byteLength(payload) <= bytesMax;
}

/** The bytes of frames, in one pass over their text if each character is one byte, as nearly always. */
export function frameBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  // As many bytes as characters, each of them ASCII: then none is missing.
  if (bytes.write(text) === text.length && isAscii(bytes)) return bytes;
  return Buffer.from(text);
}
