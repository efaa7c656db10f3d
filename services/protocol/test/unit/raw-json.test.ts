import { describe, expect, it } from '@jest/globals';
import { encodeFrame, parseFrame, rawValue, type DeliveredCommandMessage } from '@rankd/protocol';
import fc from 'fast-check';

const RUNS = { numRuns: 1000 };

const space = fc.stringMatching(/^[ \t\r]{0,2}$/);

/** One character of a JSON string as a sender may write it: literal, or with an escape. */
const character = fc.oneof(
  fc.constantFrom('a', 'r', 'g', 's', ':', '{', '}', '[', ']', ',', ' ', 'é', '€', '😀'),
  fc.constantFrom('\\"', '\\\\', '\\/', '\\n', '\\u0022', '\\u005c', '\\u0061', '\\ud83d\\ude00', '\\u2028'),
);
const string = fc.array(character, { maxLength: 6 }).map(parts => `"${parts.join('')}"`);
const key = fc.oneof(
  fc.constantFrom('"args"', '"\\u0061rgs"', '"ar\\u0067s"', '"x\\"args"', '"args\\""', '"value"', '"to"', '""'),
  string,
);
const scalar = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '0', '-0', '1E400', '-1.5e-7', '12345678901234567890'),
  string,
);

/** JSON text in any form: with spaces, escapes and duplicate keys. */
const { value, object } = fc.letrec<{ value: string; object: string }>(tie => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, tie('object'), listOf(tie('value'))),
  object: fc.array(fc.tuple(space, key, space, space, tie('value'), space), { maxLength: 5 }).chain(members =>
    space.map(inner => {
      const texts = members.map(([a, name, b, c, held, d]) => `${a}${name}${b}:${c}${held}${d}`);
      return `{${texts.length === 0 ? inner : texts.join(',')}}`;
    }),
  ),
}));

function listOf(item: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(space, fc.array(fc.tuple(space, item, space), { maxLength: 3 }))
    .map(([inner, items]) => `[${items.length === 0 ? inner : items.map(each => each.join('')).join(',')}]`);
}

const framed = fc.tuple(space, object, space).map(parts => parts.join(''));

const delivered: DeliveredCommandMessage = {
  type: 'command',
  seq: 7,
  view: 3,
  from: { member: 'm1', rank: 0, name: 'ann' },
  name: 'print',
  deadlineMs: 5000,
  reply: true,
};

describe('the original text of a value', () => {
  it.each([
    ['{"args":1}', '1'],
    ['{"args":"~xx"}', '"~xx"'],
    [' { "args" : [1, 2] , "id" : "x" } ', '[1, 2]'],
    ['{"args":{"args":2}}', '{"args":2}'],
    ['{"args":1,"args":2}', '2'],
    ['{"to":{"args":1},"args":12345678901234567890}', '12345678901234567890'],
    ['{"args":1E400,"id":"\\"args\\":5"}', '1E400'],
    ['{"id":"args\\":5","\\u0061rgs":"\\\\"}', '"\\\\"'],
    ['{"x\\"args":1,"args":{"b":1,"2":2,"1":3}}', '{"b":1,"2":2,"1":3}'],
    ['{"x\\"args":1}', undefined],
    ['{"to":{"args":1}}', undefined],
    ['{"to":"args"}', undefined],
    ['{}', undefined],
  ])('is found in %s', (text, raw) => {
    expect(rawValue(text, 'args')).toBe(raw);
  });

  it('is the value that JSON.parse returns for that field, at any position', () => {
    const isTheSame = (text: string): void => {
      const args = (JSON.parse(text) as { args?: unknown }).args;
      const raw = rawValue(text, 'args');
      expect(raw === undefined ? undefined : (JSON.parse(raw) as unknown)).toEqual(args);
    };
    fc.assert(fc.property(framed, isTheSame), RUNS);
  });

  it('R-FRAME-3 keeps a frame intact: it adds no field and no level', () => {
    const staysInside = (args: string): void => {
      const sent = `{"type":"command","id":"1","name":"print","args":${args}}`;
      if (parseFrame(sent) === undefined) return;
      const raw = rawValue(sent, 'args') ?? '';
      const frame = encodeFrame(delivered, { key: 'args', json: raw });
      expect(frame.indexOf('\n')).toBe(frame.length - 1);
      expect(parseFrame(frame)).toEqual({ ...delivered, args: JSON.parse(args) as unknown });
      expect(rawValue(frame, 'args')).toBe(raw);
    };
    fc.assert(
      fc.property(
        fc.tuple(space, value, space).map(parts => parts.join('')),
        staysInside,
      ),
      RUNS,
    );
  });
});
