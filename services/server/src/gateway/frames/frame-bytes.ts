import { isAscii } from 'node:buffer';

/** The bytes of frames, in one pass over their text where each character is one byte, as it nearly always is. */
export function frameBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  // As many bytes as characters, each of them ASCII: then none is missing.
  if (bytes.write(text) === text.length && isAscii(bytes)) return bytes;
  return Buffer.from(text);
}
