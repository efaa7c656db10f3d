import { describe, expect, it } from '@jest/globals';
import { clientMessageSchemas, adminSchemas, readMessage } from '@rankd/protocol';
import fc from 'fast-check';

const recorded = [
  '{"type":"hello","protocol":1,"group":"a","name":"zoë🚀","tags":{"zone":"x"},"token":"t","resume":{"member":"m1","secret":"s"}}',
  '{"type":"command","id":"1","name":"print","args":{"rank":0},"to":{"ranks":[1,2]},"deadlineMs":50,"reply":"each"}',
  '{"type":"command","id":"1","name":"print","reply":"none","to":"all","deadlineMs":50,"args":"hi"}',
  '{"type":"result","seq":7,"status":"failed","value":[1,"two"],"error":{"code":"X","message":"no"},"epoch":3}',
  '{"type":"admin","id":"1","action":"move","member":"m1","rank":0}',
  '{"type":"ping","n":1}',
];
const morsel = fc.oneof(
  fc.constantFrom(
    '"__proto__":{"rank":0},',
    '"constructor":{},',
    '"from":{"rank":-1},',
    '"rank":0,',
    '{',
    '}',
    '"',
    '\\',
    ',',
  ),
  fc.constantFrom('"\\u005f_proto__":1,', '"toString":"x",', '1e999', '-0', '\\u0000', '\u2028', '\ud800'),
  fc.string({ maxLength: 4 }),
);
/** A frame with some places overwritten, cut, or filled. */
const mutated = fc
  .tuple(
    fc.constantFrom(...recorded),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 6 }), morsel), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([frame, changes]) =>
    changes.reduce((text, [share, cut, part]) => {
      const at = Math.floor(share * text.length);
      return text.slice(0, at) + part + text.slice(at + cut);
    }, frame),
  );

/** The fields of all messages from clients. */
const knownFields = new Set(
  [...Object.values(clientMessageSchemas), ...Object.values(adminSchemas)].flatMap(({ properties }) =>
    Object.keys(properties),
  ),
);

function isTheSenders(text: string): void {
  const read = readMessage(text);
  if (read.kind !== 'message') return;
  const sent = JSON.parse(text) as Record<string, unknown>;
  const { message } = read;
  for (const [field, value] of Object.entries(message)) {
    expect(knownFields).toContain(field);
    expect(Object.hasOwn(sent, field)).toBe(true);
    expect(value).toEqual(sent[field]);
  }
  // A field that was not sent does not exist, not even by inheritance.
  for (const field of ['rank', 'from', 'member', 'isAdmin', 'token']) {
    if (!Object.hasOwn(sent, field)) expect(field in message).toBe(false);
  }
  if (read.payload !== undefined) expect([sent['args'], sent['value']]).toContainEqual(JSON.parse(read.payload));
  expect(({} as Record<string, unknown>)['rank']).toBeUndefined();
}

describe('R-FRAME-3 R-FRAME-4 a mutated frame', () => {
  it('never yields a field that its sender did not send', () => {
    for (const frame of recorded) expect(readMessage(frame).kind).toBe('message');
    fc.assert(fc.property(mutated, isTheSenders), { numRuns: 5000 });
  });

  it('loses unknown fields at every level', () => {
    for (const frame of recorded) {
      isTheSenders(frame.replace('{', '{"from":{"rank":-1},'));
      isTheSenders(frame.replace(/}$/, ',"toString":"x"}'));
    }
  });
});
