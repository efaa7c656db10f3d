/** Frames for the tests of the protocol. */

import { FrameDecoder, type DecodedFrame } from '@rankd/protocol';

/** The frame limit of these tests, bytes. */
export const LIMIT = 16;

/** Returns the bytes of a text. */
export const bytes = (text: string): Buffer => Buffer.from(text);

/** Returns all frames that a new decoder returns for these chunks, in order. */
export function decodeAll(chunks: readonly Buffer[], limit = LIMIT): DecodedFrame[] {
  const decoder = new FrameDecoder(limit);
  return chunks.flatMap(chunk => decodeNext(decoder, chunk));
}

/** Returns the frames that these bytes complete. */
export function decodeNext(decoder: FrameDecoder, chunk: Buffer): DecodedFrame[] {
  decoder.push(chunk);
  const frames: DecodedFrame[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  return frames;
}

/** A decoded line. */
export const line = (text: string): DecodedFrame => ({ kind: 'line', text });

/** A line that the decoder rejects because it is too long. */
export const TOO_LARGE: DecodedFrame = { kind: 'refused', code: 'FRAME_TOO_LARGE' };
/** A line that the decoder rejects because it is invalid. */
export const BAD: DecodedFrame = { kind: 'refused', code: 'BAD_FRAME' };

/** Cuts a buffer at these places, in any order. */
export function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const inside = places.map(place => place % (whole.length + 1));
  const edges = [0, ...inside.sort((a, b) => a - b), whole.length];
  return edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
}

/** Returns `{"a":{"a":…}}` with this many levels, or nested lists if `opened` is `[`. */
export function nested(levels: number, opened: '{' | '[' = '{'): string {
  const inner = levels - 1;
  return opened === '{'
    ? `${'{"a":'.repeat(inner)}{}${'}'.repeat(inner)}`
    : `{"a":${'['.repeat(inner)}${']'.repeat(inner)}}`;
}
