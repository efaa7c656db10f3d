import { describe, expect, it } from '@jest/globals';
import { checkClientMessage, clientMessageSchemas, limits } from '@rankd/protocol';
import fc from 'fast-check';

type Fields = Record<string, unknown>;

const text = (length: number): string => 'x'.repeat(length);
const list = (length: number, item: unknown): unknown[] => Array.from({ length }, () => item);
const tags = (count: number, key = 1, value = 1): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [String(n).padStart(key, 'k'), text(value)]));

const hello: Fields = { type: 'hello' };
const command: Fields = { type: 'command', id: '1', name: 'print' };
const result: Fields = { type: 'result', seq: 1, status: 'done' };
const most = Number.MAX_SAFE_INTEGER;

/** Returns the name of the field that the check rejects. Undefined if the message is valid. */
function faultIn(frame: Fields): string | undefined {
  const checked = checkClientMessage(frame);
  if (checked.kind === 'bad') return checked.field;
  expect(frame).toMatchObject(checked.message);
  return undefined;
}

/** Each field with values at its bounds, and with values just past them. */
const bounds: [string, string, Fields, unknown[], unknown[]][] = [
  ['hello', 'protocol', hello, [1, 2, most], [0, -1, 1.5, '1', most + 1, null]],
  ['hello', 'group', hello, ['a', text(64), 'A-Z.a_z-0.9'], ['', text(65), 'a b', 'é', 'a\n', 1]],
  [
    'hello',
    'name',
    hello,
    ['a', text(64), 'Zoë😀', '😀'.repeat(64)],
    ['', text(65), 'a b', 'a\t', '\u200b', '\ud800', 1],
  ],
  [
    'hello',
    'tags',
    hello,
    [{}, tags(16), tags(1, 64, 256), tags(1, 1, 0), { '😀': '😀'.repeat(256) }],
    [tags(17), tags(1, 65), tags(1, 1, 257), { '': '' }, { a: 1 }, [], 'a'],
  ],
  ['hello', 'token', hello, ['a', text(256)], ['', text(257), 1]],
  ['hello', 'role', hello, ['member', 'observer'], ['admin', '', null]],
  ['hello', 'updates', hello, ['rank', 'size', 'roster'], ['all', true]],
  [
    'hello',
    'resume',
    hello,
    [
      { member: 'a', secret: 'b' },
      { member: text(64), secret: text(256), more: 1 },
    ],
    [
      {},
      { member: 'a' },
      { secret: 'b' },
      { member: text(65), secret: 'b' },
      { member: 'a', secret: text(257) },
      'a',
      null,
    ],
  ],
  ['hello', 'heartbeat', hello, [true, false], ['false', 0, null]],
  ['hello', 'require', hello, [[], list(16, 'a'), [text(64)]], [list(17, 'a'), [''], [text(65)], 'a', [1]]],
  ['ping', 'n', { type: 'ping' }, [0, most], [-1, 0.5, '1']],
  ['pong', 'n', { type: 'pong' }, [0, most], [-1, 0.5, '1', undefined]],
  ['command', 'id', command, ['a', text(64), '😀'.repeat(64), ' \n'], ['', text(65), 1, undefined]],
  ['command', 'name', command, ['a', text(64), 'A-Z.a_z-0.9'], ['', text(65), 'a b', 'a/b', undefined]],
  ['command', 'args', command, [null, 0, '', [], { deep: [{}] }, undefined], []],
  ['command', 'deadlineMs', command, [1, most], [0, -1, 1.5, '5', null]],
  ['command', 'reply', command, ['outcome', 'each', 'none'], ['all', null]],
  [
    'command',
    'to',
    command,
    ['below', 'all', { tags: {} }, { tags: tags(16) }],
    ['above', '', null, [], {}, { tags: tags(17) }, { tags: [] }],
  ],
  [
    'command',
    'to',
    command,
    [{ ranks: [] }, { ranks: list(1000, 0) }, { ranks: [most] }],
    [{ ranks: list(1001, 0) }, { ranks: [-1] }, { ranks: [0.5] }, { ranks: 0 }],
  ],
  [
    'command',
    'to',
    command,
    [{ members: list(1000, text(64)) }],
    [{ members: list(1001, 'a') }, { members: [''] }, { members: [text(65)] }],
  ],
  [
    'command',
    'to',
    command,
    [{ names: list(1000, text(64)) }],
    [{ names: list(1001, 'a') }, { names: ['a b'] }, { names: [text(65)] }],
  ],
  ['result', 'seq', result, [1, most], [0, -1, 1.5, '1', undefined]],
  ['result', 'status', result, ['done', 'failed', 'refused'], ['expired', 'left', '', undefined]],
  ['result', 'value', result, [null, 0, { deep: [{}] }], []],
  [
    'result',
    'error',
    result,
    [{ code: 'a' }, { code: text(64), message: text(256) }, { code: 'a', message: '', more: 1 }],
    [{}, { code: '' }, { code: text(65) }, { code: 'a', message: text(257) }, 'a'],
  ],
  ['result', 'epoch', result, [0, most], [-1, '0']],
];

describe("the check of a client's message", () => {
  it.each(bounds)('R-FRAME-4 accepts %s.%s at its bounds', (_type, field, base, good) => {
    for (const value of good) expect([value, faultIn({ ...base, [field]: value })]).toEqual([value, undefined]);
  });

  it.each(bounds)('R-FRAME-4 rejects %s.%s past its bounds, and names it', (_type, field, base, _good, wrong) => {
    for (const value of wrong) expect([value, faultIn({ ...base, [field]: value })]).toEqual([value, field]);
  });

  it('R-FRAME-4 requires only the necessary fields of each message', () => {
    const least = [
      hello,
      command,
      result,
      { type: 'ping' },
      { type: 'pong', n: 0 },
      { type: 'leave' },
      { type: 'roster' },
      { type: 'history' },
      { type: 'yielded' },
      { type: 'resign' },
    ];
    expect(least.map(faultIn)).toEqual(least.map(() => undefined));
    expect(least.map(({ type }) => type).sort()).toEqual(Object.keys(clientMessageSchemas).sort());
  });

  it('R-FRAME-4 names a missing field', () => {
    expect(faultIn({ type: 'command', name: 'print' })).toBe('id');
    expect(faultIn({ type: 'command', id: '1' })).toBe('name');
    expect(faultIn({ type: 'result', status: 'done' })).toBe('seq');
    expect(faultIn({ type: 'pong' })).toBe('n');
  });

  it('R-FRAME-4 names the allowed values of a field, and the place of the fault in it', () => {
    const secret = checkClientMessage({ ...hello, resume: { member: 'a', secret: '' } });
    expect(secret).toMatchObject({ field: 'resume', detail: 'resume.secret must be a string of 1 to 256 characters' });
    const deadline = checkClientMessage({ ...command, deadlineMs: 0 });
    expect(deadline).toMatchObject({ field: 'deadlineMs', detail: 'deadlineMs must be a whole number, 1 or more' });
  });

  it.each([undefined, null, 1, '', 'Hello', 'welcome', 'constructor', '__proto__', 'toString', ['hello']])(
    'R-FRAME-4 rejects the type %p, and lists the valid types',
    type => {
      const checked = checkClientMessage(type === undefined ? {} : { type });
      const detail = expect.stringContaining(Object.keys(clientMessageSchemas).join(', '));
      expect(checked).toEqual({ kind: 'bad', field: 'type', detail });
    },
  );

  it('R-FRAME-4 removes unknown fields with any value', () => {
    const bases = fc.constantFrom<Fields>(
      hello,
      command,
      result,
      { type: 'ping' },
      { type: 'leave' },
      { type: 'roster' },
    );
    const extra = fc.dictionary(
      fc.string().map(key => `x-${key}`),
      fc.jsonValue(),
      { noNullPrototype: true },
    );
    const isBase = (base: Fields, more: Fields): void => {
      expect(checkClientMessage({ ...base, ...more })).toEqual({ kind: 'message', message: base });
    };
    fc.assert(fc.property(bases, extra, isBase), { numRuns: 300 });
    isBase(command, { from: { rank: 0 }, rank: -1 });
  });

  it('R-FRAME-4 never throws, and names a field of the schema, for any values', () => {
    const types = fc.constantFrom(...Object.keys(clientMessageSchemas));
    const fields = fc.constantFrom(
      'id',
      'name',
      'to',
      'tags',
      'n',
      'seq',
      'status',
      'error',
      'resume',
      'require',
      'epoch',
    );
    const namesOne = (type: string, values: Fields): void => {
      const schema = Object.entries(clientMessageSchemas).find(([name]) => name === type)?.[1];
      const field = faultIn({ ...values, type });
      if (field !== undefined) expect(Object.keys(schema?.properties ?? {})).toContain(field);
    };
    fc.assert(fc.property(types, fc.dictionary(fields, fc.jsonValue()), namesOne), { numRuns: 300 });
  });

  it('R-FRAME-4 limits every string as the protocol defines it', () => {
    expect(limits).toMatchObject({ wordCharsMax: 64, tagValueCharsMax: 256, secretCharsMax: 256, tagsMax: 16 });
    expect(limits).toMatchObject({ targetsMax: 1000, refusedMax: 100, missingMax: 100, deadlineMsDefault: 5000 });
    expect(limits).toMatchObject({ helloFrameBytesMax: 4096, frameOverheadBytes: 1024 });
  });

  it.each([{ tags: { a: 1 } }, { members: [1] }, { names: [1] }])(
    'R-FRAME-4 names a target whose item is a number: %j',
    to => expect(faultIn({ ...command, to })).toBe('to'),
  );

  it.each([
    ['a tag key of 65 emoji', hello, { tags: { ['😀'.repeat(65)]: '' } }, 'tags'],
    ['a tag key that ends in half an emoji', hello, { tags: { [`${'😀'.repeat(64)}\ud83d`]: '' } }, 'tags'],
    ['a target with such a tag key', command, { to: { tags: { ['😀'.repeat(65)]: '' } } }, 'to'],
  ])('R-FRAME-4 rejects %s at once: the time must not double with each character', (_, base, fields, field) => {
    expect(faultIn({ ...base, ...fields })).toBe(field);
  });

  it('R-FRAME-2 has a short error text, for a key of any length', () => {
    const checked = checkClientMessage({ ...hello, tags: { ['~'.repeat(4000)]: '' } });
    expect(checked.kind === 'bad' && checked.detail.length < 1000).toBe(true);
  });

  describe('known faults: remove `failing` when they are fixed', () => {
    it('R-FRAME-4 counts the characters of a tag key as those of every other string', () => {
      expect(faultIn({ ...hello, tags: { ['😀'.repeat(64)]: '' } })).toBeUndefined();
    });

    it('R-FRAME-4 describes in plain words what each field must be', () => {
      const faults = bounds.flatMap(([, field, base, , wrong]) => wrong.map(value => ({ ...base, [field]: value })));
      const details = faults.map(checkClientMessage).map(checked => (checked.kind === 'bad' ? checked.detail : ''));
      expect(details.filter(detail => detail.includes('Expected'))).toEqual([]);
    });
  });
});
