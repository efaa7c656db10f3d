/** The value of a command whose shell line has ended with 0 (R-PROG-8). */

import { argsFromText } from '@rankd/client/internal';
import { type Json, parseFrame } from '@rankd/protocol';
import type { KeptOutput } from './bounded-output.js';

/**
 * Returns the value: the output itself if it is JSON that the protocol allows, otherwise its text without the line ends at its end. A cut
 * output is returned as text.
 * @param valueBytesMax the largest value that the server accepts, as bytes of JSON
 */
export function commandValue({ bytes, isCut }: KeptOutput, valueBytesMax: number): Json {
  const text = bytes.toString('utf8');
  if (!isCut && isPayload(text, valueBytesMax)) return argsFromText(text);
  return cutText(withoutLineEnds(text), valueBytesMax);
}

function isPayload(text: string, bytesMax: number): boolean {
  if (Buffer.byteLength(text) > bytesMax) return false;
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  return parseFrame(`{"value":${text.replaceAll(/[\r\n]/g, ' ')}}`) !== undefined;
}

/** Returns the longest beginning of the text whose JSON has at most `bytesMax` bytes. */
function cutText(text: string, bytesMax: number): string {
  const fits = (chars: number): boolean => Buffer.byteLength(JSON.stringify(text.slice(0, chars))) <= bytesMax;
  if (fits(text.length)) return text;
  let [fitting, tooLong] = [0, text.length];
  while (tooLong - fitting > 1) {
    const middle = Math.floor((fitting + tooLong) / 2);
    if (fits(middle)) fitting = middle;
    else tooLong = middle;
  }
  // Do not cut between the two halves of a surrogate pair.
  const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(fitting - 1));
  return text.slice(0, isHalf ? fitting - 1 : fitting);
}

function withoutLineEnds(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n' || text[end - 1] === '\r') end -= 1;
  return text.slice(0, end);
}
