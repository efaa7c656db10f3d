import { describe, expect, it } from '@jest/globals';
import { printableJson, RawJson, rawJson, toJsonLine } from '../../src/output/json-output.js';

/** JSON texts that JSON.parse and JSON.stringify change. */
const changed = [
  '12345678901234567890',
  '9007199254740993',
  '1E400',
  '-0',
  '1.0',
  '{"b":1,"a":2,"10":3,"2":4}',
  '{"a":1,"a":2}',
  '[ 1,  2 ]',
  '"\\u0041\\/"',
];

describe('JSON that contains JSON text', () => {
  it.each(changed)('has %s as it came, at any depth', text => {
    expect(toJsonLine({ value: rawJson(text), list: [{ deep: new RawJson(text) }], none: rawJson(undefined) })).toBe(
      `{"value":${text},"list":[{"deep":${text}}]}`,
    );
  });

  it('has several texts in their order, with characters that have a meaning in a replacement', () => {
    expect(toJsonLine([new RawJson('"$&"'), new RawJson('"$\'$1"')])).toBe('["$&","$\'$1"]');
  });

  it('is one line without control characters, with the same value', () => {
    const text = '{\t"a":\n"\u2028\u009b",\r"b":1}';
    expect(printableJson(text)).toBe('{ "a": "\\u2028\\u009b", "b":1}');
    expect(JSON.parse(toJsonLine({ value: new RawJson(text) }))).toEqual({ value: JSON.parse(text) as unknown });
  });
});
