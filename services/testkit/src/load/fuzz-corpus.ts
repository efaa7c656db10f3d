/** The sessions that the fuzzer changes. */

/** The tokens of the fuzzed server. */
export const TOKENS = { token: 'fuzz-token', admin: 'fuzz-admin' };

const hello = (fields: object = {}): object => ({ type: 'hello', protocol: 1, token: TOKENS.token, ...fields });
const command = (id: string, fields: object = {}): object => ({
  type: 'command',
  id,
  name: 'print',
  args: { text: 'hi', n: 1.5 },
  ...fields,
});
const ping = (n: number): object => ({ type: 'ping', n });
const result = (seq: number, fields: object = {}): object => ({
  type: 'result',
  seq,
  status: 'done',
  value: [1, 'two', null],
  ...fields,
});

/** Texts below, at and far past the limit of a field, in characters that have different numbers of bytes and code units. */
const longTexts = ['x', '😀', '\ud83d', '\ude00', 'e\u0301', '👩\u200d', '\\', '"', '\u2028', 'a=', '. '].flatMap(
  piece => [63, 64, 65, 256, 257, 640].map(count => piece.repeat(count)),
);

/** Frames with each long text in each text field. The server must reject most of them, and must decide about each quickly. */
const longFields = longTexts.flatMap(text => [
  [hello({ tags: { [text]: '' } })],
  [hello({ tags: { zone: text }, name: text })],
  [hello({ group: text })],
  [hello({ token: text })],
  [hello({ resume: { member: text, secret: text } })],
  [hello({ require: [text] })],
  [hello({ group: 'e' }), command(text), command('2', { to: { tags: { [text]: text } } })],
  [hello({ group: 'e' }), command('1', { to: { names: [text], members: [text] } })],
  [hello({ group: 'e' }), result(1, { status: 'failed', error: { code: text, message: text } })],
  [
    hello({ group: 'e', token: TOKENS.admin }),
    { type: 'admin', id: text, action: 'remove', member: text, reason: text },
  ],
  [hello({ group: 'e' }), { type: text }],
]);

const sessions = [
  [{ type: 'hello', token: TOKENS.token }],
  [hello({ group: 'a', name: 'ann', tags: { zone: 'x', disk: 'ssd' } }), ping(1), ping(2), { type: 'roster' }],
  [hello({ group: 'a', heartbeat: false }), { type: 'history', limit: 100 }, { type: 'history', limit: 1 }],
  [hello({ group: 'a', updates: 'size' }), command('1'), command('2', { to: 'all', reply: 'each', deadlineMs: 50 })],
  [hello({ group: 'b', updates: 'roster' }), command('1', { to: { ranks: [0, 1, 2] } }), { type: 'pong', n: 1 }],
  [hello({ group: 'b', name: 'zoë🚀' }), command('1', { to: { names: ['ann', 'zoë🚀'] }, reply: 'none' }), ping(3)],
  [
    hello({ group: 'b' }),
    command('1', { to: { tags: { zone: 'x' } } }),
    command('1', { to: { members: ['m1', 'm2'] } }),
  ],
  [
    hello({ group: 'c' }),
    result(1),
    result(2, { status: 'failed', error: { code: 'X', message: 'no' } }),
    result(3, { epoch: 1 }),
  ],
  [hello({ group: 'c', resume: { member: 'm0123456789abcdef', secret: 'nothing like it' } }), { type: 'yielded' }],
  [hello({ group: 'c', role: 'observer', updates: 'roster' }), { type: 'roster' }, { type: 'history', limit: 3 }],
  [hello({ group: 'd', token: TOKENS.admin, role: 'observer' }), ...administration()],
  [hello({ group: 'd', token: TOKENS.admin }), ...administration(), command('9', { args: 'x'.repeat(3000) })],
  [hello({ token: 'wrong' }), ping(1)],
  [ping(1), hello()],
  [hello(), hello()],
];

function administration(): object[] {
  return [
    { type: 'admin', id: '1', action: 'move', member: 'm0123456789abcdef', rank: 0 },
    { type: 'admin', id: '2', action: 'remove', member: 'm0123456789abcdef', reason: 'because' },
    { type: 'admin', id: '3', action: 'command', name: 'print', args: [], to: 'all', reply: 'outcome' },
  ];
}

const recorded = (frames: readonly object[]): Buffer =>
  Buffer.from(frames.map(frame => `${JSON.stringify(frame)}\n`).join(''));

/** Complete sessions as clients send them. They use few groups, so that several sessions are in one group. */
export const corpus: readonly Buffer[] = sessions.map(recorded);

/** Encodes frames with every character outside ASCII as an escape. */
const escaped = (frames: readonly object[]): Buffer =>
  Buffer.from(
    recorded(frames)
      .toString()
      .replaceAll(/[^\0-\x7f]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );

/** Sessions with long texts. */
export const longCorpus: readonly Buffer[] = [...longFields.map(recorded), ...longFields.map(escaped)];

/** Bytes with a meaning in JSON, in lines or for prototypes. The fuzzer inserts them. */
export const fragments: readonly Buffer[] = [
  ...[
    '{',
    '}',
    '[',
    '"',
    '\\',
    '\n',
    '\r\n',
    '\0',
    '\u2028',
    '\ufeff',
    '1e999',
    '-0',
    '9007199254740993',
    'null',
    '"\\ud800"',
    '"__proto__":{"rank":0},',
    '"constructor":{"prototype":{}},',
    '"type":"leave",',
    '"from":{"rank":-1},',
    '['.repeat(40),
    '{"a":'.repeat(40),
    '9'.repeat(500),
    'x'.repeat(5000),
    '{},'.repeat(1000),
  ].map(text => Buffer.from(text)),
  Buffer.from([0xff]),
  Buffer.from([0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xc0, 0xaf]),
];

/** JSON values with which the fuzzer replaces the value of a field. */
export const values: readonly string[] = [
  ...[
    '0',
    '1',
    '-1',
    '2',
    '1.5',
    '1e308',
    '9007199254740993',
    'true',
    'null',
    '[]',
    '{}',
    '""',
    '"all"',
    '"below"',
    '"a"',
  ],
  ...['"member"', '"observer"', '"ping"', '"hello"', '"yielded"', '"leave"', '{"ranks":[0,-1]}', '{"names":["ann"]}'],
  ...['{"tags":{"toString":"x"}}', '"none"', '"each"', '"toString"', `"${'y'.repeat(65)}"`, `"${'z'.repeat(256)}"`],
];
