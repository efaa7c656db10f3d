import { limits, parseFrame, type RawField } from '@rankd/protocol';
import { RankdError } from '../rankd-error.js';

/**
 * Encodes `args` or `value` as JSON text. It is checked before it is sent, because the server ends the session of a client
 * that sends an invalid frame (R-FRAME-2, R-FRAME-3).
 * @param frameBytesMax the largest frame that the server accepts, bytes
 * @returns undefined if `value` is undefined
 * @throws RankdError BAD_ARGUMENT, PAYLOAD_TOO_LARGE
 */
export function encodePayload(key: RawField['key'], value: unknown, frameBytesMax: number): RawField | undefined {
  const json = toJson(key, value);
  return json === undefined ? undefined : checkPayloadJson(key, json, frameBytesMax);
}

/**
 * Checks a payload that is JSON text already. The text is sent as it is, so numbers keep all their digits.
 * @param frameBytesMax the largest frame that the server accepts, bytes
 * @throws RankdError BAD_ARGUMENT, PAYLOAD_TOO_LARGE
 */
export function checkPayloadJson(key: RawField['key'], text: string, frameBytesMax: number): RawField {
  // A frame has no line ends. JSON has them only between tokens, so a space can replace them.
  const json = text.trim().replaceAll(/[\r\n]/g, ' ');
  const bytesMax = frameBytesMax - limits.frameOverheadBytes;
  const bytes = Buffer.byteLength(json);
  if (bytes > bytesMax) throw new RankdError('PAYLOAD_TOO_LARGE', `${key}: ${bytes} bytes of at most ${bytesMax}`);
  const isNested = json.startsWith('{') || json.startsWith('[');
  if (isNested && parseFrame(`{"${key}":${json}}`) === undefined) {
    throw new RankdError('BAD_ARGUMENT', `${key}: nested over ${limits.nestingMax}, or a key that reads __proto__`);
  }
  return { key, json };
}

function toJson(key: RawField['key'], value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new RankdError('BAD_ARGUMENT', `${key} cannot be told in JSON`, { cause: error });
  }
}
