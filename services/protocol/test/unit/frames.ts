import { FrameDecoder, type DecodedFrame } from '@rankd/protocol';

/** Builders that the tests of the protocol share. */

export const LIMIT = 16;

export const bytes = (text: string): Buffer => Buffer.from(text);

/** Everything that a decoder makes of the chunks, in order. */
export function decodeAll(chunks: readonly Buffer[], limit = LIMIT): DecodedFrame[] {
  const decoder = new FrameDecoder(limit);
  return chunks.flatMap(chunk => decodeNext(decoder, chunk));
}

/** What these bytes complete, after those that the decoder has had before. */
export function decodeNext(decoder: FrameDecoder, chunk: Buffer): DecodedFrame[] {
  decoder.push(chunk);
  const frames: DecodedFrame[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  return frames;
}

export const line = (text: string): DecodedFrame => ({ kind: 'line', text });

export const TOO_LARGE: DecodedFrame = { kind: 'refused', code: 'FRAME_TOO_LARGE' };
export const BAD: DecodedFrame = { kind: 'refused', code: 'BAD_FRAME' };

/** Cuts at those places, wherever they are. */
export function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const inside = places.map(place => place % (whole.length + 1));
  const edges = [0, ...inside.sort((a, b) => a - b), whole.length];
  return edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
}

/** `{"a":{"a":…}}`, that many objects deep; in lists where `opened` is `[`. */
export function nested(levels: number, opened: '{' | '[' = '{'): string {
  const inner = levels - 1;
  return opened === '{'
    ? `${'{"a":'.repeat(inner)}{}${'}'.repeat(inner)}`
    : `{"a":${'['.repeat(inner)}${']'.repeat(inner)}}`;
}
