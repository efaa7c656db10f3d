import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { limits } from '@rankd/protocol';
import { at, type Frame, type Joined, numberIn, type RawPeer } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const ADMIN = 'the admin token';
const { sizeDelayMsMax: DELAY_MS } = limits;

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({ RANKD_ADMIN_TOKEN: ADMIN, RANKD_MEMBERS_MAX: '1000' });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

const ofSize = (): object => ({ updates: 'size' });
const viewsOf = ({ frames }: RawPeer): Frame[] => frames.filter(({ type }) => type === 'view');
/** The types of the frames after the welcome, without heartbeats and their answers. */
const typesOf = ({ frames }: RawPeer): string[] =>
  frames.map(({ type }) => type).filter(type => !['welcome', 'ping', 'pong'].includes(type));

describe('R-JOIN-1 updates selects which views a member receives', () => {
  it('sends the size with updates size, and the own rank as well', async () => {
    const group = server.freshGroup();
    const above = await server.join({ group, updates: 'size' });
    const plain = await server.join({ group, updates: 'rank' });
    const below = await server.join({ group, name: 'below', updates: 'size' });
    const joins = {
      ...{ type: 'view', rank: 0, was: 0, size: 3, changes: 2, view: 3, seq: 3 },
      cause: { kind: 'joined', name: 'below' },
    };
    expect(await above.peer.next('view')).toMatchObject(joins);
    expect(at(viewsOf(above.peer), 0)['cause']).not.toHaveProperty('reason');
    plain.peer.send({ type: 'leave' });
    expect(await below.peer.next('view')).toMatchObject({ rank: 1, was: 2, size: 2, changes: 1 });
    expect(await above.peer.next('view')).toMatchObject({ rank: 0, was: 0, size: 2, cause: { kind: 'left' } });
    await plain.peer.ended();
    expect(typesOf(plain.peer)).toEqual(['bye']);
  });

  it('sends a new rank or leader at once, with the size', async () => {
    const [leader, second, third] = (await server.joinMany(3, server.freshGroup(), ofSize)) as [Joined, Joined, Joined];
    const startMs = server.time.nowMs();
    leader.peer.send({ type: 'leave' });
    expect(await second.peer.next('view')).toMatchObject({ rank: 0, size: 2 });
    expect(await third.peer.next('view')).toMatchObject({ rank: 1, size: 2, leader: { member: second.id } });
    expect(server.time.nowMs() - startMs).toBeLessThan(DELAY_MS / 2);
    await server.time.pass(2 * DELAY_MS);
    expect([second, third].map(({ peer }) => viewsOf(peer).length)).toEqual([1, 1]);
  });
});

describe('R-JOIN-1 A new size arrives at most 200 ms late', () => {
  it.each(['member', 'observer'])('for a %s, counted from the first change', async role => {
    const group = server.freshGroup();
    const first = await server.join({ group, updates: 'size' });
    const watcher = role === 'member' ? first : await server.join({ group, role: 'observer', updates: 'size' });
    const startMs = server.time.nowMs();
    for (let size = 2; size <= 4; size += 1) {
      await server.join({ group });
      await server.time.pass(DELAY_MS / 4);
    }
    expect(await watcher.peer.next('view')).toMatchObject({ size: 4, changes: 3, view: 4, seq: 4 });
    expect(server.time.nowMs() - startMs).toBeLessThan(DELAY_MS + 20);
  });

  it('and not at all if the size is again the one that the member knows', async () => {
    const group = server.freshGroup();
    const { peer } = await server.join({ group, updates: 'size' });
    const brief = await server.join({ group });
    brief.peer.send({ type: 'leave' });
    await server.time.pass(2 * DELAY_MS);
    expect(typesOf(peer)).toEqual([]);
    await server.join({ group });
    expect(await peer.next('view')).toMatchObject({ size: 2, changes: 1, view: 4 });
  });

  it('so a thousand joins send the members a few thousand views instead of half a million', async () => {
    const group = server.freshGroup();
    const startMs = server.time.nowMs();
    const members = await server.joinMany(1000, group, ofSize);
    const periods = Math.ceil((server.time.nowMs() - startMs) / DELAY_MS) + 1;
    await server.time.pass(2 * DELAY_MS);
    const counts = members.map(({ peer }) => viewsOf(peer).length);
    expect(Math.max(...counts)).toBeLessThanOrEqual(periods);
    expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(1000 * periods);
    const sizes = members.map(({ peer, welcome }) => viewsOf(peer).at(-1)?.['size'] ?? welcome['size']);
    expect(new Set(sizes)).toEqual(new Set([1000]));
  }, 30_000);

  it('so a burst of joins and departures sends each member that keeps its rank one view', async () => {
    const group = server.freshGroup();
    const members = await server.joinMany(50, group, ofSize);
    await server.time.pass(2 * DELAY_MS);
    const before = members.map(({ peer }) => viewsOf(peer).length);
    await server.joinMany(20, group);
    for (const { peer } of members.slice(40)) peer.send({ type: 'leave' });
    await server.time.pass(2 * DELAY_MS);
    for (const [rank, { peer }] of members.slice(0, 40).entries()) {
      expect(viewsOf(peer).length).toBe(at(before, rank) + 1);
      expect(viewsOf(peer).at(-1)).toMatchObject({ size: 60, changes: 30 });
    }
  });
});

describe('R-JOIN-1 A new size comes before any other view, command or receipt', () => {
  const group = (): string => server.freshGroup();

  it('before a command, and only for its recipients', async () => {
    const members = await server.joinMany(3, group(), ofSize);
    const [leader, above, below] = members as [Joined, Joined, Joined];
    await server.time.pass(2 * DELAY_MS);
    const before = viewsOf(above.peer).length;
    await server.join({ group: leader.welcome['group'] as string });
    leader.peer.send({ type: 'command', id: '1', name: 'go', to: { ranks: [2] }, reply: 'none' });
    leader.peer.send({ type: 'command', id: '2', name: 'go', to: { ranks: [2] }, reply: 'none' });
    await below.peer.until(({ type, seq }) => type === 'command' && seq === 6);
    expect(typesOf(below.peer)).toEqual(['view', 'command', 'command']);
    expect(viewsOf(below.peer).at(-1)).toMatchObject({ size: 4 });
    expect(viewsOf(above.peer).length).toBe(before);
    expect(await above.peer.until(({ type, size }) => type === 'view' && size === 4)).toMatchObject({ changes: 1 });
  });

  it('before each of several commands to many, with a join between them', async () => {
    const members = await server.joinMany(8, group(), ofSize);
    const leader = at(members, 0);
    await server.time.pass(2 * DELAY_MS);
    for (let round = 0; round < 3; round += 1) {
      await server.join({ group: leader.welcome['group'] as string });
      for (const id of ['a', 'b'])
        leader.peer.send({ type: 'command', id: `${round}${id}`, name: 'go', reply: 'none' });
      await leader.peer.barrier();
    }
    for (const { peer } of members.slice(1)) {
      await peer.barrier();
      const last = typesOf(peer).slice(-9);
      expect(last).toEqual(Array.from({ length: 3 }, () => ['view', 'command', 'command']).flat());
    }
  });

  it.each([
    ['accepted', { type: 'command', id: '1', name: 'go', reply: 'none' }, true],
    ['rejected by the order', { type: 'command', id: '1', name: 'go', to: { ranks: [9] } }, false],
    ['too large', { type: 'command', id: '1', name: 'go', args: 'x'.repeat(65_000) }, false],
    ['forbidden', { type: 'admin', id: '1', action: 'move', member: 'm1', rank: 0 }, false],
  ])('before a receipt that is %s', async (_, message, accepted) => {
    const { peer, welcome } = await server.join({ group: group(), updates: 'size' });
    await server.join({ group: welcome['group'] as string });
    peer.send(message);
    expect(await peer.next('receipt')).toMatchObject({ accepted });
    expect(typesOf(peer).slice(0, 2)).toEqual(['view', 'receipt']);
  });

  it('before a receipt of an administrator that watches the size', async () => {
    const name = group();
    const { id } = await server.join({ group: name });
    const { peer } = await server.join({ group: name, role: 'observer', updates: 'size', token: ADMIN });
    await server.join({ group: name });
    peer.send({ type: 'admin', id: '1', action: 'command', name: 'go', to: { members: [id] }, reply: 'none' });
    await peer.next('receipt');
    expect(typesOf(peer)).toEqual(['view', 'receipt']);
  });

  it('in the view of a new rank, and not once more after it', async () => {
    const members = await server.joinMany(3, group(), ofSize);
    await server.time.pass(2 * DELAY_MS);
    const last = at(members, 2);
    const before = viewsOf(last.peer).length;
    await server.join({ group: last.welcome['group'] as string });
    at(members, 1).peer.send({ type: 'leave' });
    expect(await last.peer.until(({ type, rank }) => type === 'view' && rank === 1)).toMatchObject({
      size: 3,
      changes: 2,
    });
    await server.time.pass(2 * DELAY_MS);
    expect(viewsOf(last.peer).length).toBe(before + 1);
  });

  it('and seq rises on every session while sizes are held', async () => {
    const name = group();
    const members = await server.joinMany(6, name, ofSize);
    for (let round = 0; round < 20; round += 1) {
      const newcomer = await server.join({ group: name, updates: 'size' });
      if (round % 3 === 0) newcomer.peer.send({ type: 'leave' });
      at(members, round % 3).peer.send({
        type: 'command',
        id: `${round}`,
        name: 'go',
        to: { ranks: [4] },
        reply: 'none',
      });
      await server.time.pass(37);
    }
    for (const { peer } of members) {
      const seqs = peer.frames.filter(({ type }) => ['view', 'command', 'receipt'].includes(type));
      const numbers = seqs.map(frame => numberIn(frame, 'seq'));
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }
  });
});
