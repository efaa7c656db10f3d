import { describe, expect, it } from '@jest/globals';
import { encodePayload } from '../../../src/commands/payload.js';

const FRAME_BYTES_MAX = 8192;

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe('a payload', () => {
  it('is JSON text, or undefined if there is no value', () => {
    expect(encodePayload('args', { x: [1] }, FRAME_BYTES_MAX)).toEqual({ key: 'args', json: '{"x":[1]}' });
    expect(encodePayload('value', null, FRAME_BYTES_MAX)).toEqual({ key: 'value', json: 'null' });
    expect(encodePayload('value', undefined, FRAME_BYTES_MAX)).toBeUndefined();
  });

  it('R-FRAME-2 has at most frameBytesMax - 1024 bytes', () => {
    const longest = 'x'.repeat(FRAME_BYTES_MAX - 1024 - 2);
    expect(encodePayload('args', longest, FRAME_BYTES_MAX)?.json).toHaveLength(FRAME_BYTES_MAX - 1024);
    const tooLarge = expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' });
    expect(() => encodePayload('args', `${longest}x`, FRAME_BYTES_MAX)).toThrow(tooLarge);
    expect(() => encodePayload('args', 'é'.repeat(longest.length), FRAME_BYTES_MAX)).toThrow(tooLarge);
  });

  it('R-FRAME-3 is a BAD_ARGUMENT if the server would end the session for it', () => {
    const badArgument = expect.objectContaining({ code: 'BAD_ARGUMENT' });
    expect(encodePayload('args', nested(31), FRAME_BYTES_MAX)).toBeDefined();
    expect(() => encodePayload('args', nested(32), FRAME_BYTES_MAX)).toThrow(badArgument);
    expect(() => encodePayload('args', { a: { ['__proto__']: 1 } }, FRAME_BYTES_MAX)).toThrow(badArgument);
  });

  it('is a BAD_ARGUMENT if it cannot be encoded as JSON form', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    for (const value of [1n, cyclic]) {
      expect(() => encodePayload('value', value, FRAME_BYTES_MAX)).toThrow(
        expect.objectContaining({ code: 'BAD_ARGUMENT' }),
      );
    }
  });
});
