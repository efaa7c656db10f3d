/**
 * Encodes the payload of a frame, `args` or `value`, and checks it before it is sent. The server ends a session that sends an
 * invalid frame.
 */

import { type Json, limits, parseFrame, type RawField } from '@rankd/protocol';
import { toJsonTree } from '../arguments/json-tree.js';
import { RankdError } from '../rankd-error.js';
import { JsonText } from './json-text.js';

/**
 * Encodes `args` or `value` as JSON text and checks it (R-FRAME-2, R-FRAME-3). A JsonText is sent unchanged.
 * @param frameBytesMax the largest frame that the server accepts, bytes
 * @returns undefined if `value` is undefined
 * @throws RankdError BAD_ARGUMENT if JSON cannot express the value, if it nests too deeply, or has a key `__proto__`; PAYLOAD_TOO_LARGE
 */
export function encodePayload(key: RawField['key'], value: unknown, frameBytesMax: number): RawField | undefined {
  return encodeJsonTree(key, value instanceof JsonText ? value : toJsonTree(key, value), frameBytesMax);
}

/**
 * Encodes a tree of `toJsonTree`, or sends a text unchanged.
 * @throws RankdError PAYLOAD_TOO_LARGE; BAD_ARGUMENT if a text is not JSON, nests too deeply or has a key `__proto__`
 */
export function encodeJsonTree(
  key: RawField['key'],
  tree: Json | JsonText | undefined,
  frameBytesMax: number,
): RawField | undefined {
  if (tree instanceof JsonText) return checkPayloadJson(key, tree.json, frameBytesMax);
  return tree === undefined ? undefined : checkSize(key, JSON.stringify(tree), frameBytesMax);
}

/**
 * Checks a payload that is already JSON text. The text itself is sent, so numbers keep all their digits.
 * @param frameBytesMax the largest frame that the server accepts, bytes
 * @throws RankdError BAD_ARGUMENT if the text is not JSON, nests too deeply or has a key `__proto__`; PAYLOAD_TOO_LARGE
 */
export function checkPayloadJson(key: RawField['key'], text: string, frameBytesMax: number): RawField {
  // A line end would end the frame. JSON has line ends only between tokens, so a space can replace them.
  const json = text.trim().replaceAll(/[\r\n]/g, ' ');
  const payload = checkSize(key, json, frameBytesMax);
  checkSyntax(key, json);
  const isNested = json.startsWith('{') || json.startsWith('[');
  if (isNested && parseFrame(`{"${key}":${json}}`) === undefined) {
    throw new RankdError(
      'BAD_ARGUMENT',
      `${key} is nested more than ${limits.nestingMax} deep, or has a key __proto__`,
    );
  }
  return payload;
}

function checkSize(key: RawField['key'], json: string, frameBytesMax: number): RawField {
  const bytesMax = frameBytesMax - limits.frameOverheadBytes;
  const bytes = Buffer.byteLength(json);
  if (bytes > bytesMax)
    throw new RankdError('PAYLOAD_TOO_LARGE', `${key} has ${bytes} bytes, the limit is ${bytesMax}`);
  return { key, json };
}

function checkSyntax(key: RawField['key'], json: string): void {
  try {
    JSON.parse(json);
  } catch (error) {
    throw new RankdError('BAD_ARGUMENT', `the text of ${key} is not JSON`, { cause: error });
  }
}
