/**
 * Encodes the payload of a frame, `args` or `value`, and checks it before it is sent. The server ends a session that sends an
 * invalid frame.
 */

import { limits, parseFrame, type RawField } from '@rankd/protocol';
import { RankdError } from '../rankd-error.js';
import { JsonText } from './json-text.js';

/**
 * Encodes `args` or `value` as JSON text and checks it (R-FRAME-2, R-FRAME-3).
 * @param frameBytesMax the largest frame that the server accepts, bytes
 * @returns undefined if `value` is undefined
 * @throws RankdError BAD_ARGUMENT if the value has no JSON form, nests too deeply, or has a key `__proto__`; PAYLOAD_TOO_LARGE
 */
export function encodePayload(key: RawField['key'], value: unknown, frameBytesMax: number): RawField | undefined {
  if (value instanceof JsonText) return checkPayloadJson(key, value.json, frameBytesMax);
  const json = toJson(key, value);
  return json === undefined ? undefined : checkPayloadJson(key, json, frameBytesMax);
}

/**
 * Checks a payload that is already JSON text. The text itself is sent, so numbers keep all their digits.
 * @param frameBytesMax the largest frame that the server accepts, bytes
 * @throws RankdError BAD_ARGUMENT if the text nests too deeply or has a key `__proto__`; PAYLOAD_TOO_LARGE
 */
export function checkPayloadJson(key: RawField['key'], text: string, frameBytesMax: number): RawField {
  // A line end would end the frame. JSON has line ends only between tokens, so a space can replace them.
  const json = text.trim().replaceAll(/[\r\n]/g, ' ');
  const bytesMax = frameBytesMax - limits.frameOverheadBytes;
  const bytes = Buffer.byteLength(json);
  if (bytes > bytesMax)
    throw new RankdError('PAYLOAD_TOO_LARGE', `${key} has ${bytes} bytes, the limit is ${bytesMax}`);
  const isNested = json.startsWith('{') || json.startsWith('[');
  if (isNested && parseFrame(`{"${key}":${json}}`) === undefined) {
    throw new RankdError(
      'BAD_ARGUMENT',
      `${key} is nested more than ${limits.nestingMax} deep, or has a key __proto__`,
    );
  }
  return { key, json };
}

function toJson(key: RawField['key'], value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new RankdError('BAD_ARGUMENT', `${key} cannot be encoded as JSON`, { cause: error });
  }
}
