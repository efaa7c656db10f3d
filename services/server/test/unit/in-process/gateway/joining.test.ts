import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, numberIn, textIn, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const HELLO_TIMEOUT_MS = 400;
/** How often the server checks for silent sessions. */
const TICK_MS = 50;
const MEMBERS_MAX = 3;

let server: InProcessServer;
let guarded: InProcessServer;

beforeAll(async () => {
  [server, guarded] = await Promise.all([
    InProcessServer.start({
      RANKD_HELLO_TIMEOUT_MS: String(HELLO_TIMEOUT_MS),
      RANKD_MEMBERS_MAX: String(MEMBERS_MAX),
      ...TIMINGS.patient,
    }),
    InProcessServer.start({ RANKD_TOKEN: 'open sesame', RANKD_GROUPS_MAX: '2' }),
  ]);
});
afterEach(() => {
  server.hangUp();
  guarded.hangUp();
});
afterAll(async () => {
  await Promise.all([server.dispose(), guarded.dispose()]);
});

describe('R-JOIN-1 The first frame is hello, in time', () => {
  it('admits a peer that sends only the type hello', async () => {
    const { peer, welcome } = await server.join();
    expect(welcome).toMatchObject({ group: 'default', rank: 0, size: 1 });
    expect(textIn(welcome, 'name')).toMatch(/^[^\s]{1,64}$/);
    peer.send({ type: 'leave' });
    await byeOf(peer);
  });

  it.each(['ping', 'leave', 'roster'])('sends HELLO_EXPECTED for a %s', async type => {
    const peer = await server.connect();
    peer.send({ type }, { type: 'hello' });
    expect(await byeOf(peer)).toMatchObject({ code: 'HELLO_EXPECTED', retry: false });
    expect(peer.frames).toHaveLength(1);
  });

  it.each([
    { type: 'pong', n: 1 },
    { type: 'command', id: '1', name: 'print' },
    { type: 'result', seq: 1, status: 'done' },
  ])('sends HELLO_EXPECTED for $type', async message => {
    const peer = await server.connect();
    peer.send(message);
    expect(await byeOf(peer)).toMatchObject({ code: 'HELLO_EXPECTED' });
  });

  it('sends HELLO_TIMEOUT to a silent peer, and not too early', async () => {
    const startedMs = server.time.nowMs();
    const peer = await server.connect();
    expect(await byeOf(peer)).toMatchObject({ code: 'HELLO_TIMEOUT', retry: true });
    const tookMs = at(peer.received, 0).atMs - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(HELLO_TIMEOUT_MS);
    expect(tookMs).toBeLessThan(HELLO_TIMEOUT_MS + TICK_MS);
  });

  it('sends HELLO_TIMEOUT to a peer that sends its hello too slowly', async () => {
    const peer = await server.connect();
    const startedMs = server.time.nowMs();
    const bytes = Buffer.from(`{"type":"hello","name":"${'x'.repeat(60)}"}\n`);
    let sent = 0;
    const dribble = server.time.every(HELLO_TIMEOUT_MS / 10, () => peer.sendRaw(bytes.subarray(sent, (sent += 1))));
    const bye = await peer.next('bye').finally(() => dribble.cancel());
    expect(bye).toMatchObject({ code: 'HELLO_TIMEOUT' });
    expect(server.time.nowMs() - startedMs).toBeLessThan(HELLO_TIMEOUT_MS + TICK_MS);
    expect(sent).toBeGreaterThan(1);
  });

  it('ends the session of a member that sends a second hello with BAD_MESSAGE', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    at(members, 0).peer.send({ type: 'hello' });
    expect(await byeOf(at(members, 0).peer)).toMatchObject({ code: 'BAD_MESSAGE', retry: false });
    expect(await at(members, 1).peer.awaitUntakenFrames()).toMatchObject([
      { rank: 0, was: 1, cause: { reason: 'BAD_MESSAGE' } },
    ]);
  });

  it.each([
    ['protocol', { protocol: 2 }],
    ['lead', { require: ['lead'] }],
    ['x', { protocol: 1, require: ['x', 'y'] }],
  ])('sends UNSUPPORTED and names %s for %j', async (named, wanted) => {
    const group = server.freshGroup();
    const { peer: watcher } = await server.join({ group, updates: 'roster' });
    const peer = await server.connect();
    peer.send({ type: 'hello', group, ...wanted });
    const bye = await byeOf(peer);
    expect(bye).toMatchObject({ code: 'UNSUPPORTED', retry: false });
    expect(textIn(bye, 'message')).toContain(named);
    expect(await watcher.awaitUntakenFrames()).toEqual([]);
  });

  it('admits a peer that asks for protocol 1 and no features', async () => {
    const { welcome } = await server.join({ group: server.freshGroup(), protocol: 1, require: [] });
    expect(welcome).toMatchObject({ protocol: 1, rank: 0 });
  });

  it('admits two members with the same name', async () => {
    const group = server.freshGroup();
    const ann = await server.join({ group, name: 'ann' });
    const other = await server.join({ group, name: 'ann' });
    expect([ann.welcome['name'], other.welcome['name']]).toEqual(['ann', 'ann']);
    expect(ann.id).not.toBe(other.id);
  });
});

describe('R-JOIN-2 Ranks are given in the order of admission', () => {
  it('adds every newcomer last', async () => {
    const members = await server.joinMany(MEMBERS_MAX, server.freshGroup());
    expect(members.map(({ welcome }) => [welcome['rank'], welcome['size'], welcome['slot']])).toEqual([
      [0, 1, 0],
      [1, 2, 1],
      [2, 3, 2],
    ]);
  });

  it('gives dense ranks to many members that join at once', async () => {
    const group = server.freshGroup();
    const peers = await Promise.all([1, 2, 3].map(() => guarded.connect()));
    for (const peer of peers) peer.send({ type: 'hello', group, token: 'open sesame' });
    const welcomes = await Promise.all(peers.map(peer => peer.next('welcome')));
    expect(welcomes.map(({ rank }) => rank).sort()).toEqual([0, 1, 2]);
    for (const welcome of welcomes) {
      expect(welcome['size']).toBe(numberIn(welcome, 'rank') + 1);
      expect(welcome['view']).toBe(numberIn(welcome, 'rank') + 1);
    }
  });

  it('keeps the order of the hellos, not that of the connections', async () => {
    const group = server.freshGroup();
    const [first, second] = [await server.connect(), await server.connect()];
    second.send({ type: 'hello', group });
    expect(await second.next('welcome')).toMatchObject({ rank: 0 });
    first.send({ type: 'hello', group });
    expect(await first.next('welcome')).toMatchObject({ rank: 1 });
  });
});

describe('R-JOIN-3 welcome has a member’s place, and everything needed to keep it', () => {
  it('has every field with its type', async () => {
    const group = server.freshGroup();
    const before = server.wallMs;
    const ann = await server.join({ group, name: 'ann' });
    const bob = await server.join({ group, name: 'bob' });
    const text = expect.stringMatching(/./) as unknown;
    expect(bob.welcome).toEqual({
      type: 'welcome',
      protocol: 1,
      features: ['resign'],
      server: text,
      group,
      member: text,
      name: 'bob',
      rank: 1,
      size: 2,
      slot: 1,
      leader: { member: ann.id, name: 'ann' },
      membersMax: MEMBERS_MAX,
      epoch: ann.welcome['epoch'],
      view: 2,
      seq: 2,
      resume: text,
      resumed: false,
      heartbeatMs: 1000,
      suspendMs: 20_000,
      deadMs: 30_000,
      frameBytesMax: 65_536,
    });
    expect(ann.welcome).toMatchObject({ view: 1, seq: 1, leader: { member: ann.id, name: 'ann' } });
    expect(numberIn(ann.welcome, 'epoch')).toBeGreaterThanOrEqual(before);
    expect(ann.welcome['resume']).not.toBe(bob.welcome['resume']);
  });

  it('starts a larger epoch, with view and seq at 1, when a group is created again', async () => {
    const group = server.freshGroup();
    const epochs: number[] = [];
    for (let life = 0; life < 5; life += 1) {
      const { peer, welcome } = await server.join({ group });
      expect(welcome).toMatchObject({ rank: 0, slot: 0, view: 1, seq: 1 });
      epochs.push(numberIn(welcome, 'epoch'));
      peer.send({ type: 'leave' });
      await byeOf(peer);
    }
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
  });
});

describe('R-JOIN-4 A full group rejects newcomers', () => {
  it('sends FULL with retryAfterMs, leaves the roster unchanged, and gives a freed seat to the next', async () => {
    const group = server.freshGroup();
    const members = await server.joinMany(MEMBERS_MAX, group, () => ({ updates: 'roster' }));
    for (const { peer } of members) await peer.awaitUntakenFrames();
    const seenBefore = members.map(({ peer }) => peer.untakenFrames.length);
    const late = await server.connect();
    late.send({ type: 'hello', group });
    const bye = await byeOf(late);
    expect(bye).toMatchObject({ code: 'FULL', retry: true });
    expect(numberIn(bye, 'retryAfterMs')).toBeGreaterThan(0);
    for (const { peer } of members) await peer.barrier();
    expect(members.map(({ peer }) => peer.untakenFrames.length)).toEqual(seenBefore);

    at(members, 1).peer.send({ type: 'leave' });
    await byeOf(at(members, 1).peer);
    const { welcome } = await server.join({ group });
    expect(welcome).toMatchObject({ rank: 2, size: 3, slot: 1, view: 5 });
  });

  it('admits members to other groups while one is full', async () => {
    const [group, other] = [server.freshGroup(), server.freshGroup()];
    const members = await server.joinMany(MEMBERS_MAX, group);
    const { peer, welcome } = await server.join({ group: other, updates: 'roster' });
    expect(welcome).toMatchObject({ group: other, rank: 0, size: 1, view: 1 });
    at(members, 0).peer.send({ type: 'command', id: '1', name: 'print', to: 'all' }, { type: 'leave' });
    await byeOf(at(members, 0).peer);
    expect(await peer.awaitUntakenFrames()).toEqual([]);
    peer.send({ type: 'command', id: '1', name: 'print', to: { members: [at(members, 1).id] } });
    expect(await peer.next('receipt')).toMatchObject({ accepted: false, code: 'NO_SUCH_TARGET' });
  });

  it('sends FULL for a new group past RANKD_GROUPS_MAX, until a group is empty', async () => {
    const token = 'open sesame';
    const [first] = [await guarded.join({ token, group: 'a' }), await guarded.join({ token, group: 'b' })];
    const third = await guarded.connect();
    third.send({ type: 'hello', token, group: 'c' });
    expect(await byeOf(third)).toMatchObject({ code: 'FULL', retry: true, retryAfterMs: expect.any(Number) });
    expect((await guarded.join({ token, group: 'b' })).welcome).toMatchObject({ rank: 1 });
    first.peer.send({ type: 'leave' });
    await byeOf(first.peer);
    expect((await guarded.join({ token, group: 'c' })).welcome).toMatchObject({ group: 'c', rank: 0 });
  });
});

describe('R-JOIN-5 A server with a token admits only sessions that have it', () => {
  it('admits a session with the right token', async () => {
    const { welcome } = await guarded.join({ group: guarded.freshGroup(), token: 'open sesame' });
    expect(welcome).toMatchObject({ rank: 0 });
  });

  it.each([{}, { token: 'open' }, { token: 'open sesame!' }, { token: 'OPEN SESAME' }, { token: ' ' }])(
    'sends UNAUTHORIZED for %j',
    async fields => {
      const peer = await guarded.connect();
      peer.send({ type: 'hello', ...fields });
      expect(await byeOf(peer)).toMatchObject({ code: 'UNAUTHORIZED', retry: false });
      expect(JSON.stringify(peer.frames)).not.toContain('sesame');
    },
  );

  it('does not admit a session that sends the right token after a wrong one', async () => {
    const peer = await guarded.connect();
    peer.send({ type: 'hello', token: 'wrong' }, { type: 'hello', token: 'open sesame' });
    expect(await byeOf(peer)).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(peer.frames).toHaveLength(1);
  });

  it('requires no token if none is set', async () => {
    const { welcome } = await server.join({ group: server.freshGroup(), token: 'anything' });
    expect(welcome).toMatchObject({ rank: 0 });
  });

  it('ignores a peer that closes without sending anything', async () => {
    const group = server.freshGroup();
    const { peer: watcher } = await server.join({ group, updates: 'roster' });
    const [finished, reset] = [await server.connect(), await server.connect()];
    finished.fin();
    reset.reset();
    await finished.ended();
    expect(finished.frames).toEqual([]);
    expect(await watcher.awaitUntakenFrames()).toEqual([]);
  });
});
