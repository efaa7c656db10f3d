import { describe, expect, it } from '@jest/globals';
import {
  checkClientMessage,
  parseFrame,
  parseUsualMessage,
  rawValue,
  type ReadMessage,
  readMessage,
} from '@rankd/protocol';
import fc from 'fast-check';

/** Reads a message in the general way: one parse, one check, one cut. */
function readPlainly(text: string): ReadMessage {
  const frame = parseFrame(text);
  if (frame === undefined) return { kind: 'bad-frame' };
  const checked = checkClientMessage(frame);
  if (checked.kind === 'bad') return { kind: 'bad-message', detail: checked.detail };
  const field = checked.message.type === 'result' ? 'value' : 'args';
  const carries = ['command', 'result'].includes(checked.message.type) || frame['action'] === 'command';
  const payload = carries ? rawValue(text, field) : undefined;
  const message = Object.fromEntries(Object.entries(checked.message).filter(([key]) => !carries || key !== field));
  return { kind: 'message', message: message as typeof checked.message, payload };
}

/** Values that the fast path nearly accepts, and some that it must not accept. */
const text = fc.oneof(
  fc.string({ maxLength: 70 }).map(value => JSON.stringify(value)),
  fc.constantFrom(
    '""',
    '"a b"',
    '"~"',
    '"\u007f"',
    '"é"',
    '"\\u0041"',
    '"\t"',
    `"${'x'.repeat(64)}"`,
    `"${'x'.repeat(65)}"`,
  ),
);
const number = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '-1',
    '01',
    '1.0',
    '1e3',
    '-0',
    '999999999999999',
    '9007199254740993',
    '123456789012345678',
  ),
  fc.integer().map(String),
);
const value = fc.oneof(text, number, fc.constantFrom('true', 'false', 'null', '[]', '{}', '{"a":[1]}', 'nul', ' 1'));
const choice = (...words: string[]): fc.Arbitrary<string> =>
  fc.constantFrom(...words.map(word => `"${word}"`), '"x"', '1');

function field(name: string, of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.option(of, { freq: 2, nil: undefined }).map(held => (held === undefined ? '' : `,"${name}":${held}`));
}

function frameOf(type: string, ...fields: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const inOrder = fc.tuple(...fields).map(parts => `{"type":"${type}"${parts.join('')}}`);
  const shuffled = fc
    .tuple(...fields)
    .chain(parts => fc.shuffledSubarray(parts, { minLength: parts.length }))
    .map(parts => `{"type":"${type}"${parts.join('')}}`);
  return fc.oneof({ weight: 3, arbitrary: inOrder }, { weight: 1, arbitrary: shuffled });
}

const name = fc.constantFrom('"x"', '"a.b-c_9"', '"a b"', '"é"', '""');
const framed = fc.oneof(
  frameOf(
    'command',
    field('id', text),
    field('name', name),
    field('reply', choice('outcome', 'each', 'none')),
    field('to', fc.oneof(choice('below', 'all'), fc.constant('{"ranks":[1]}'))),
    field('deadlineMs', number),
    field('args', value),
  ),
  frameOf(
    'result',
    field('seq', number),
    field('status', choice('done', 'failed', 'refused')),
    field('value', value),
    field('epoch', number),
    field('error', fc.constantFrom('{"code":"x"}', '1')),
  ),
  frameOf('pong', field('n', number)),
  frameOf('admin', fc.constant(',"action":"command"'), field('id', text), field('name', name), field('args', value)),
);

describe('R-FRAME-4 reading a message', () => {
  it('has the same result on the fast path and the general path', () => {
    const isTheSame = (each: string): void => expect(readMessage(each)).toEqual(readPlainly(each));
    fc.assert(fc.property(framed, isTheSame), { numRuns: 5000 });
    fc.assert(
      fc.property(
        fc.tuple(framed, fc.constantFrom(' ', '}', '\r', ',"a":1}')).map(parts => parts.join('')),
        isTheSame,
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['{"type":"command","id":"1","name":"print","reply":"none","to":"all","deadlineMs":50,"args":"hi"}', '"hi"'],
    ['{"type":"command","id":"1","name":"print"}', undefined],
    ['{"type":"result","seq":7,"status":"done","value":12,"epoch":3}', '12'],
    ['{"type":"result","seq":7,"status":"failed"}', undefined],
    ['{"type":"pong","n":4}', undefined],
  ])('uses the fast path for %s', (usual, payload) => {
    expect(parseUsualMessage(usual)?.payload).toBe(payload);
    expect({ kind: 'message', ...parseUsualMessage(usual) }).toEqual(readPlainly(usual));
  });

  it.each([
    '{"type":"command","name":"print","id":"1"}',
    '{"type":"command","id":"1","name":"print","args":{"a":1}}',
    '{"type":"command","id":"\\u0041","name":"print"}',
    '{"type":"result","seq":7,"status":"failed","error":{"code":"x"}}',
    '{"type":"leave"}',
    '{"type":"history"}',
    '',
  ])('uses the general path for %s', unusual => {
    expect(parseUsualMessage(unusual)).toBeUndefined();
  });
});
