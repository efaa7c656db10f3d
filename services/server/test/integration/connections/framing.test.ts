import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Frame, paddedTo, ProcessServer, textIn } from '@rankd/testkit';

const FRAME_BYTES_MAX = 8192;
const HELLO_BYTES_MAX = 4096;

let server: ProcessServer;

beforeAll(async () => {
  server = await ProcessServer.launch({
    RANKD_FRAME_BYTES_MAX: String(FRAME_BYTES_MAX),
    RANKD_HELLO_TIMEOUT_MS: '1000',
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

describe('R-FRAME-1 A frame is one JSON object on one line, in any split', () => {
  it('accepts a session that is split in two at every offset, even within a character', async () => {
    const script = (group: string): Buffer =>
      Buffer.from(`{"type":"hello","group":"${group}","name":"zoë🚀"}\n{"type":"ping","n":7}\r\n\n{"type":"leave"}\n`);
    const control = await server.join({ group: server.freshGroup() });
    const offsets = Array.from({ length: script('group-100').length - 1 }, (_, index) => index + 1);
    const sessions = await Promise.all(
      offsets.map(async offset => ({ offset, bytes: script(server.freshGroup()), peer: await server.connect() })),
    );
    for (const { peer, bytes, offset } of sessions) peer.sendRaw(bytes.subarray(0, offset));
    await control.peer.barrier();
    for (const { peer, bytes, offset } of sessions) peer.sendRaw(bytes.subarray(offset));
    for (const { peer, offset } of sessions) {
      await peer.closed;
      expect({ offset, types: peer.frames.map(({ type }) => type) }).toEqual({
        offset,
        types: ['welcome', 'pong', 'bye'],
      });
      expect(peer.frames).toMatchObject([{ name: 'zoë🚀', rank: 0 }, { n: 7 }, { code: 'LEFT' }]);
    }
  });

  it('accepts a session that arrives one byte at a time', async () => {
    const control = await server.join({ group: server.freshGroup() });
    const peer = await server.connect();
    for (const byte of Buffer.from(`{"type":"hello","group":"${server.freshGroup()}"}\r\n{"type":"ping","n":1}\n`)) {
      peer.sendRaw(Buffer.of(byte));
      await control.peer.barrier();
    }
    await peer.next('welcome');
    expect(await peer.next('pong')).toEqual({ type: 'pong', n: 1 });
  });

  it('accepts \\r\\n and ignores empty lines', async () => {
    const peer = await server.connect();
    peer.sendRaw(`\n\r\n\n{"type":"hello","group":"${server.freshGroup()}"}\r\n\r\n\n\n{"type":"ping","n":1}\r\n`);
    await peer.next('welcome');
    expect(await peer.next('pong')).toEqual({ type: 'pong', n: 1 });
  });

  it('accepts many frames in one write, in order', async () => {
    const { peer } = await server.join({ group: server.freshGroup() });
    const ids = Array.from({ length: 2000 }, (_, id) => `${id}`);
    peer.send(...ids.map(id => ({ type: 'command', id, name: 'go' })));
    await peer.until(frame => frame.type === 'receipt' && frame['id'] === '1999');
    expect(peer.frames.filter(({ type }) => type === 'receipt').map(({ id }) => id)).toEqual(ids);
  });

  it('accepts hello and everything after it in one write', async () => {
    const peer = await server.connect();
    peer.send({ type: 'hello', group: server.freshGroup() }, { type: 'ping', n: 3 }, { type: 'leave' });
    expect(await byeOf(peer)).toMatchObject({ code: 'LEFT' });
    expect(peer.frames.map(({ type }) => type)).toEqual(['welcome', 'pong', 'bye']);
  });

  it('ends each of its own frames with one \\n, and has none within', async () => {
    const { peer } = await server.join({ group: server.freshGroup(), tags: { text: 'one\ntwo\r\n' } });
    peer.send({ type: 'roster' });
    expect((await peer.next('roster'))['members']).toMatchObject([{ tags: { text: 'one\ntwo\r\n' } }]);
    expect(peer.received.every(({ text }) => !/[\r\n]/.test(text))).toBe(true);
  });
});

describe('R-FRAME-2 A frame that is too long is rejected as soon as the limit is passed', () => {
  it.each(['\n', '\r\n'])('accepts a hello of exactly 4096 bytes, ended by %j', async terminator => {
    const peer = await server.connect();
    peer.sendRaw(paddedTo(HELLO_BYTES_MAX, { type: 'hello', group: server.freshGroup() }) + terminator);
    await peer.next('welcome');
  });

  it('rejects a hello of 4097 bytes', async () => {
    const peer = await server.connect();
    peer.sendRaw(paddedTo(HELLO_BYTES_MAX + 1, { type: 'hello', group: server.freshGroup() }) + '\n');
    expect(await byeOf(peer)).toMatchObject({ code: 'FRAME_TOO_LARGE', retry: false });
    expect(peer.frames).toHaveLength(1);
  });

  it('rejects the byte that passes 4096 before welcome, with or without a newline', async () => {
    const control = await server.join({ group: server.freshGroup() });
    const peer = await server.connect();
    peer.sendRaw('x'.repeat(HELLO_BYTES_MAX));
    await control.peer.barrier();
    expect(peer.frames).toEqual([]);
    peer.sendRaw('x');
    expect(await byeOf(peer)).toMatchObject({ code: 'FRAME_TOO_LARGE' });
  });

  it.each(['\n', '\r\n'])('accepts a frame of exactly frameBytesMax after welcome, ended by %j', async terminator => {
    const { peer, welcome } = await server.join({ group: server.freshGroup() });
    expect(welcome['frameBytesMax']).toBe(FRAME_BYTES_MAX);
    peer.sendRaw(paddedTo(FRAME_BYTES_MAX, { type: 'ping', n: 5 }) + terminator);
    expect(await peer.next('pong')).toEqual({ type: 'pong', n: 5 });
  });

  it('accepts a long frame behind the hello in the same write', async () => {
    const peer = await server.connect();
    const hello = JSON.stringify({ type: 'hello', group: server.freshGroup() });
    peer.sendRaw(`${hello}\n${paddedTo(FRAME_BYTES_MAX, { type: 'ping', n: 5 })}\n`);
    expect(await peer.next('pong')).toEqual({ type: 'pong', n: 5 });
  });

  it('rejects the byte that passes frameBytesMax after welcome, with or without a newline', async () => {
    const { peer } = await server.join({ group: server.freshGroup() });
    const control = await server.join({ group: server.freshGroup() });
    peer.sendRaw(paddedTo(FRAME_BYTES_MAX, { type: 'ping', n: 5 }));
    await control.peer.barrier();
    expect(peer.untakenFrames).toEqual([]);
    peer.sendRaw(' ');
    expect(await byeOf(peer)).toMatchObject({ code: 'FRAME_TOO_LARGE', retry: false });
    expect(peer.frames.filter(({ type }) => type === 'pong')).toEqual([]);
  });

  it('serves others while a peer sends megabytes without a newline', async () => {
    const control = await server.join({ group: server.freshGroup() });
    const peer = await server.connect();
    for (let megabyte = 0; megabyte < 16; megabyte += 1) peer.sendRaw(Buffer.alloc(1_048_576, 'x'));
    await control.peer.barrier();
    await peer.closed;
    expect(peer.frames).toMatchObject([{ type: 'bye', code: 'FRAME_TOO_LARGE' }]);
    expect(await control.peer.awaitUntakenFrames()).toEqual([]);
  });
});

const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

const badFrames: readonly (readonly [string, string | Buffer])[] = [
  ['text', 'hello'],
  ['an array', '[{"type":"hello"}]'],
  ['a string', '"hello"'],
  ['a number', '1'],
  ['null', 'null'],
  ['half an object', '{"type":"hello"'],
  ['two objects', '{"type":"hello"}{"type":"hello"}'],
  ['a byte order mark', '\ufeff{"type":"hello"}'],
  ['NaN', '{"type":"hello","x":NaN}'],
  ['a lone continuation byte', Buffer.from('{"type":"hello","name":"\x80"}', 'latin1')],
  ['a truncated character', Buffer.from('{"type":"hello","name":"\xc3"}', 'latin1')],
  ['an overlong slash', Buffer.from('{"type":"hello","name":"\xc0\xaf"}', 'latin1')],
  ['half a surrogate pair', Buffer.from('{"type":"hello","name":"\xed\xa0\x80"}', 'latin1')],
  ['nesting of 33', `{"type":"hello","x":${nested(32)}}`],
  ['arrays nested to 33', `{"type":"hello","x":${'['.repeat(32)}${']'.repeat(32)}}`],
  ['the key __proto__', '{"type":"hello","__proto__":1}'],
  ['the key __proto__, escaped', '{"type":"hello","\\u005f_proto\\u005F_":{}}'],
  ['the key __proto__ further down', '{"type":"hello","x":[1,{"y":{"__proto__":null}}]}'],
];

describe('R-FRAME-3 Anything but a frame ends the session with BAD_FRAME', () => {
  it.each(badFrames)('rejects %s before welcome', async (_, line) => {
    const peer = await server.connect();
    peer.sendRaw(Buffer.concat([Buffer.from(line), Buffer.from('\n')]));
    expect(await byeOf(peer)).toMatchObject({ code: 'BAD_FRAME', retry: false });
    expect(peer.frames).toHaveLength(1);
  });

  it.each(badFrames)('rejects %s after welcome', async (_, line) => {
    const { peer } = await server.join({ group: server.freshGroup() });
    peer.sendRaw(Buffer.concat([Buffer.from(line), Buffer.from('\n{"type":"ping","n":1}\n')]));
    expect(await byeOf(peer)).toMatchObject({ code: 'BAD_FRAME', retry: false });
    expect(peer.frames.map(({ type }) => type)).toEqual(['welcome', 'bye']);
  });

  it('accepts frames just within the limits', async () => {
    const peer = await server.connect();
    const group = server.freshGroup();
    peer.sendRaw(`{"type":"hello","group":"${group}","name":"\ufffd","x":${nested(31)},"y":"__proto__"}\n`);
    expect(await peer.next('welcome')).toMatchObject({ name: '\ufffd' });
    peer.sendRaw(
      `{"type":"ping","n":1,"proto":{"_proto_":1,"constructor":1,"x":${'['.repeat(30)}${']'.repeat(30)}}}\n`,
    );
    expect(await peer.next('pong')).toEqual({ type: 'pong', n: 1 });
  });
});

const hello = (fields: object): object => ({ type: 'hello', ...fields });
const command = (fields: object): object => ({ type: 'command', id: '1', name: 'print', ...fields });
const long = (length: number): string => 'x'.repeat(length);
const manyTags = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`tag-${index}`, '']));

const badHellos: readonly (readonly [string, object])[] = [
  ['type', {}],
  ['type', { type: 7 }],
  ['type', { type: 'shout' }],
  ['type', { type: 'welcome' }],
  ['type', { type: 'toString' }],
  ['protocol', hello({ protocol: '1' })],
  ['protocol', hello({ protocol: 1.5 })],
  ['group', hello({ group: 'a b' })],
  ['group', hello({ group: '' })],
  ['group', hello({ group: long(65) })],
  ['group', hello({ group: null })],
  ['name', hello({ name: '' })],
  ['name', hello({ name: long(65) })],
  ['name', hello({ name: '🚀'.repeat(65) })],
  ['name', hello({ name: 'a\u0007' })],
  ['name', hello({ name: '\ud800' })],
  ['name', hello({ name: 5 })],
  ['tags', hello({ tags: [] })],
  ['tags', hello({ tags: { a: 1 } })],
  ['tags', hello({ tags: { [long(65)]: '' } })],
  ['tags', hello({ tags: { a: long(257) } })],
  ['tags', hello({ tags: manyTags })],
  ['token', hello({ token: long(257) })],
  ['token', hello({ token: {} })],
  ['role', hello({ role: 'king' })],
  ['updates', hello({ updates: 'all' })],
  ['heartbeat', hello({ heartbeat: 0 })],
  ['require', hello({ require: 'x' })],
  ['require', hello({ require: [long(65)] })],
  ['resume', hello({ resume: 'm1' })],
  ['resume', hello({ resume: { member: 'm1' } })],
];

const badFromMembers: readonly (readonly [string, object])[] = [
  ['type', { type: 'Ping' }],
  ['n', { type: 'ping', n: '1' }],
  ['n', { type: 'ping', n: -1 }],
  ['n', { type: 'pong' }],
  ['id', { type: 'command', name: 'print' }],
  ['id', command({ id: 1 })],
  ['id', command({ id: '' })],
  ['id', command({ id: long(65) })],
  ['name', { type: 'command', id: '1' }],
  ['name', command({ name: 'a b' })],
  ['name', command({ name: long(65) })],
  ['to', command({ to: 'above' })],
  ['to', command({ to: {} })],
  ['to', command({ to: { ranks: 1 } })],
  ['to', command({ to: { ranks: [-1] } })],
  ['to', command({ to: { ranks: Array.from({ length: 1001 }, () => 1) } })],
  ['to', command({ to: { names: ['a b'] } })],
  ['to', command({ to: { members: [long(65)] } })],
  ['to', command({ to: { members: [1] } })],
  ['to', command({ to: { names: [null] } })],
  ['to', command({ to: { tags: { a: 1 } } })],
  ['to', command({ to: { tags: { a: long(257) } } })],
  ['deadlineMs', command({ deadlineMs: 0 })],
  ['deadlineMs', command({ deadlineMs: '5' })],
  ['reply', command({ reply: 'all' })],
  ['reply', command({ reply: true })],
  ['seq', { type: 'result', status: 'done' }],
  ['seq', { type: 'result', seq: '1', status: 'done' }],
  ['status', { type: 'result', seq: 1 }],
  ['status', { type: 'result', seq: 1, status: 'expired' }],
  ['error', { type: 'result', seq: 1, status: 'failed', error: 'x' }],
  ['error', { type: 'result', seq: 1, status: 'failed', error: { message: 'x' } }],
  ['epoch', { type: 'result', seq: 1, status: 'done', epoch: 'x' }],
];

const namesField = (bye: Frame, field: string): void => {
  expect(bye).toMatchObject({ code: 'BAD_MESSAGE', retry: false });
  expect(textIn(bye, 'message')).toMatch(new RegExp(`\\b${field}\\b`));
};

describe('R-FRAME-4 A message that violates its type ends the session with BAD_MESSAGE', () => {
  it.each(badHellos)('names %s for the first frame %j', async (field, message) => {
    const peer = await server.connect();
    peer.send(message);
    namesField(await byeOf(peer), field);
  });

  it.each(badFromMembers)("names %s for a member's frame %j", async (field, message) => {
    const { peer } = await server.join({ group: server.freshGroup() });
    peer.send(message, { type: 'ping', n: 1 });
    namesField(await byeOf(peer), field);
    expect(peer.frames.map(({ type }) => type)).toEqual(['welcome', 'bye']);
  });

  it('accepts the longest value of each field, counted in characters', async () => {
    const tags = Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`tag-${index}`, '']));
    const { peer, welcome } = await server.join({
      group: long(64),
      name: '🚀'.repeat(64),
      tags: { ...tags, ['ß'.repeat(64)]: '🚀'.repeat(256) },
      token: long(256),
      require: [],
    });
    expect(welcome).toMatchObject({ group: long(64), name: '🚀'.repeat(64) });
    peer.send(command({ id: '🚀'.repeat(64), name: long(64), to: { ranks: Array.from({ length: 1000 }, () => 1) } }));
    expect(await peer.next('receipt')).toMatchObject({ id: '🚀'.repeat(64), code: 'NO_SUCH_TARGET' });
  });

  it('ignores unknown fields', async () => {
    const { peer } = await server.join({ group: server.freshGroup(), colour: 'red', rank: 0, nested: { a: [1] } });
    peer.send({ type: 'ping', n: 1, seen: 'x', m: null }, { type: 'roster', group: 'another', limit: -1 });
    expect(await peer.next('pong')).toEqual({ type: 'pong', n: 1 });
    expect(await peer.next('roster')).toMatchObject({ size: 1 });
  });
});

/** The start of a browser's TLS connection: record header, client hello, then bytes without a newline. */
const tlsHello = Buffer.from([
  0x16,
  0x03,
  0x01,
  0x02,
  0x00,
  0x01,
  0x00,
  0x01,
  0xfc,
  0x03,
  0x03,
  ...Array<number>(506).fill(0xa5),
]);

describe('R-FRAME-3 A peer with another protocol is rejected', () => {
  it.each([
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n', 'BAD_FRAME'],
    ['a TLS hello with a newline in it', Buffer.concat([tlsHello, Buffer.from('\n')]), 'BAD_FRAME'],
    ['a TLS hello without one', tlsHello, 'HELLO_TIMEOUT'],
    ['a Redis command', '*1\r\n$4\r\nPING\r\n', 'BAD_FRAME'],
  ])('rejects %s', async (_, bytes, code) => {
    const peer = await server.connect();
    peer.sendRaw(bytes);
    expect(await byeOf(peer)).toMatchObject({ code });
    expect(peer.frames).toHaveLength(1);
  });
});

describe('R-FRAME-4 A bad peer affects no other session', () => {
  it('does not add rejected peers to the roster', async () => {
    const group = server.freshGroup();
    const { peer: watcher } = await server.join({ group, updates: 'roster' });
    const strangers = await Promise.all(badFrames.map(async ([, line]) => ({ line, peer: await server.connect() })));
    for (const { peer, line } of strangers) peer.sendRaw(Buffer.concat([Buffer.from(line), Buffer.from('\n')]));
    await Promise.all(strangers.map(({ peer }) => byeOf(peer)));
    expect(await watcher.awaitUntakenFrames()).toEqual([]);
  });

  it.each([
    ['BAD_FRAME', 'nonsense\n'],
    ['BAD_MESSAGE', '{"type":"nonsense"}\n'],
    ['FRAME_TOO_LARGE', long(FRAME_BYTES_MAX + 1)],
  ])('sends the members below one view when a member is ended with %s, and those above none', async (reason, bytes) => {
    const group = server.freshGroup();
    const members = await server.joinMany(3, group);
    const [above, bad, below] = [at(members, 0), at(members, 1), at(members, 2)];
    bad.peer.sendRaw(bytes);
    expect(await byeOf(bad.peer)).toMatchObject({ code: reason });
    expect(await below.peer.awaitUntakenFrames()).toMatchObject([
      { type: 'view', rank: 1, was: 2, size: 2, changes: 1, cause: { kind: 'left', member: bad.id, reason } },
    ]);
    expect(await above.peer.awaitUntakenFrames()).toEqual([]);
  });
});
