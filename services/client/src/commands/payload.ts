import { limits, parseFrame, type RawField } from '@rankd/protocol';
import { RankdError } from '../rankd-error.js';

/**
 * `args` or `value` as JSON text; undefined where there is none. Looked at before it is sent, since the coordinator ends
 * the session of whoever sends what it does not take (R-FRAME-2, R-FRAME-3).
 * @throws RankdError BAD_ARGUMENT, PAYLOAD_TOO_LARGE
 */
export function encodePayload(key: RawField['key'], value: unknown, frameBytesMax: number): RawField | undefined {
  const json = toJson(key, value);
  return json === undefined ? undefined : checkPayloadJson(key, json, frameBytesMax);
}

/**
 * The same of what is JSON already: every digit of it is sent.
 * @throws RankdError BAD_ARGUMENT, PAYLOAD_TOO_LARGE
 */
export function checkPayloadJson(key: RawField['key'], text: string, frameBytesMax: number): RawField {
  // JSON has line ends only between its tokens, a frame none at all.
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
