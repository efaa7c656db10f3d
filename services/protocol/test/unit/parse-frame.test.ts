import { describe, expect, it } from '@jest/globals';
import { limits, parseFrame } from '@rankd/protocol';
import fc from 'fast-check';
import { nested } from './frames.js';

describe('parsing a frame', () => {
  it('R-FRAME-1 returns the object, with white space around and within', () => {
    expect(parseFrame(' {"type" : "hello", "n":[1,null]}\r')).toEqual({ type: 'hello', n: [1, null] });
    expect(parseFrame('{}')).toEqual({});
  });

  it.each(['', ' ', 'x', '{', '{}{}', '{"a":1,}', "{'a':1}", '{"a":NaN}', '\ufeff{}', '{"a":"\t"}'])(
    'R-FRAME-3 rejects text that is not JSON: %j',
    text => expect(parseFrame(text)).toBeUndefined(),
  );

  it.each(['null', 'true', '1', '"{}"', '[]', '[{}]'])('R-FRAME-3 rejects JSON that is not an object: %s', text =>
    expect(parseFrame(text)).toBeUndefined(),
  );

  it.each(['{', '['] as const)('R-FRAME-3 accepts nesting of 32 and rejects 33, in %s', opened => {
    expect(limits.nestingMax).toBe(32);
    expect(parseFrame(nested(32, opened))).toBeDefined();
    expect(parseFrame(nested(33, opened))).toBeUndefined();
    expect(parseFrame(`{"first":1,"second":${nested(31, opened)}}`)).toBeDefined();
    expect(parseFrame(`{"first":1,"second":[0,${nested(31, opened)}]}`)).toBeUndefined();
  });

  it('R-FRAME-3 rejects a nesting of 100,000 levels without a stack overflow', () => {
    for (const opened of ['{', '['] as const) expect(parseFrame(nested(100_000, opened))).toBeUndefined();
  });

  it.each([
    '{"__proto__":{}}',
    '{"__proto__":1}',
    '{"\\u005f_proto__":null}',
    '{"__pro\\u0074o__":[]}',
    '{"args":{"a":{"__proto__":1}}}',
    '{"args":[1,[{"\\u005f\\u005fproto\\u005f\\u005f":1}]]}',
    '{"a":1,"b":[{},{"c":{"__proto__":{"isAdmin":true}}}]}',
  ])('R-FRAME-3 rejects a key that reads __proto__: %s', text => expect(parseFrame(text)).toBeUndefined());

  it('R-FRAME-3 accepts __proto__ as a value, and keys that are similar to it', () => {
    const text = '{"a":"__proto__","__proto":1,"_proto_":2,"__PROTO__":3,"constructor":4,"prototype":5}';
    expect(JSON.stringify(parseFrame(text))).toBe(text);
  });

  it('R-FRAME-3 never throws, for any text', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'u', '0', '__proto__', ' ') }),
      fc.json(),
    );
    const isSafe = (text: string): void => {
      const frame = parseFrame(text);
      expect(frame === undefined || (typeof frame === 'object' && !Array.isArray(frame))).toBe(true);
    };
    fc.assert(fc.property(texts, isSafe), { numRuns: 500 });
  });

  it('R-FRAME-3 accepts exactly the objects within the bounds', () => {
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    const key = fc.constantFrom('a', 'b', 'proto', '__proto__', 'constructor');
    const { any: value } = fc.letrec(tie => ({
      any: fc.oneof(
        { depthSize: 'max', maxDepth: 6, withCrossShrink: true },
        fc.integer(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(key, tie('any'), { maxKeys: 3, noNullPrototype: false }),
      ),
    }));
    const isTaken = (inner: unknown, around: number): void => {
      const text = `${'{"a":'.repeat(around)}${JSON.stringify(inner)}${'}'.repeat(around)}`;
      const isWithin = around + depth(inner) <= limits.nestingMax && !text.includes('"__proto__"');
      expect(parseFrame(text) === undefined).toBe(!isWithin);
    };
    fc.assert(fc.property(value, fc.integer({ min: 1, max: 33 }), isTaken), { numRuns: 500 });
  });
});
