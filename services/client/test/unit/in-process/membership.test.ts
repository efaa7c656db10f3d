import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Fence } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { type FleetServer, InProcessFleet } from '@rankd/testkit/in-process';
import { codeOf, DEADLINE_MS, timedIt } from './fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: FleetServer;

beforeAll(async () => {
  server = await fleet.server(TIMINGS.patient);
});
afterAll(() => fleet.dispose());

describe('a member that has joined', () => {
  it('R-JOIN-2 R-JOIN-3 has its rank, size, slot, id and leader, and the next one is below it', async () => {
    const group = fleet.newGroup();
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group });
    const leader = { member: ann.member, name: 'ann' };
    expect(ann).toMatchObject({ rank: 0, slot: 0, name: 'ann', group, leader });
    expect(bob).toMatchObject({ rank: 1, size: 2, slot: 1, name: 'bob', group, leader });
    expect(ann.member).not.toBe(bob.member);
  });

  it('receives changes of the size too if it asks for them', async () => {
    const group = fleet.newGroup();
    const ann = await fleet.join(server.port, { group, updates: 'size' });
    const told = fleet.next(ann, 'rank');
    const bob = await fleet.join(server.port, { group, name: 'bob' });
    const cause = { kind: 'joined', member: bob.member, name: 'bob' };
    await expect(told).resolves.toMatchObject({ rank: 0, was: 0, size: 2, cause });
    expect(ann.size).toBe(2);
  });

  it('R-VIEW-1 R-VIEW-2 receives its promotion, with its earlier rank and the cause', async () => {
    const group = fleet.newGroup();
    const members = await fleet.joinAll(server.port, ['ann', 'bob', 'cid'], { group });
    const [ann, bob, cid] = members;
    const annsId = ann.member;
    const told = Promise.all([fleet.next(bob, 'rank'), fleet.next(cid, 'rank')]);
    await ann.leave();
    const cause = { kind: 'left', member: annsId, name: 'ann', reason: 'LEFT' };
    await expect(told).resolves.toEqual([
      { rank: 0, was: 1, size: 2, cause },
      { rank: 1, was: 2, size: 2, cause },
    ]);
    expect([bob.rank, cid.rank, cid.slot, cid.leader?.name]).toEqual([0, 1, 2, 'bob']);
  });

  it('has a fencing token only while it is rank 0: always the same one, and its successor a larger one', async () => {
    const group = fleet.newGroup();
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group });
    const first = ann.fence as Fence;
    expect([first.view, bob.fence]).toEqual([1, undefined]);
    const cid = await fleet.join(server.port, { group });
    await cid.leave();
    await expect(ann.command('print', null)).resolves.toMatchObject({ recipients: 1 });
    expect(ann.fence).toEqual(first);
    const promoted = fleet.next(bob, 'rank');
    await ann.leave();
    await promoted;
    expect(ann.fence).toBeUndefined();
    expect(bob.fence?.epoch).toBe(first.epoch);
    expect(bob.fence?.view).toBeGreaterThan(first.view);
  });
});

describe('leaving', () => {
  it('R-VIEW-5 is complete when leave resolves: no rank, no commands, closed without an error', async () => {
    const group = fleet.newGroup();
    const ann = await fleet.join(server.port, { group });
    const closed = fleet.next(ann, 'closed');
    await ann.leave();
    await expect(closed).resolves.toEqual({ error: undefined });
    expect([ann.rank, ann.size, ann.slot, ann.member, ann.leader, ann.fence]).toEqual(Array(6).fill(undefined));
    await expect(ann.command('print')).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    await ann.leave();
  });

  it('happens when the signal given to join is aborted', async () => {
    const group = fleet.newGroup();
    const leaving = new AbortController();
    const ann = await fleet.join(server.port, { group, signal: leaving.signal });
    const bob = await fleet.join(server.port, { group });
    const told = Promise.all([fleet.next(ann, 'closed'), fleet.next(bob, 'rank', ({ rank }) => rank === 0)]);
    leaving.abort();
    await expect(told).resolves.toMatchObject([{ error: undefined }, { was: 1 }]);
  });
});

describe('a join that fails', () => {
  it('is ended by a signal, even by one that was aborted before', async () => {
    const joining = new AbortController();
    // No server listens on port 1.
    const calledOff = fleet.joinAt('rankd://127.0.0.1:1', { signal: joining.signal });
    joining.abort('enough');
    await expect(calledOff).rejects.toMatchObject({ ...codeOf('ABORTED'), cause: 'enough' });
    const before = fleet.joinAt(`rankd://127.0.0.1:${server.port}`, { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject(codeOf('ABORTED'));
  });

  it('rejects with the last failure after joinWithinMs if no server can be reached', async () => {
    const startedMs = fleet.time.nowMs();
    await expect(fleet.joinAt('rankd://127.0.0.1:1', { joinWithinMs: 300 })).rejects.toMatchObject({
      ...codeOf('CONNECT_FAILED'),
      retry: true,
    });
    expect(fleet.time.nowMs() - startedMs).toBeLessThanOrEqual(300);
  });

  it.each([
    ['a URL of another kind', 'http://127.0.0.1', {}],
    ['a name with a space', 'rankd://127.0.0.1', { name: 'two words' }],
    ['a group with a space', 'rankd://127.0.0.1', { group: 'two words' }],
    ['a tag that is too long', 'rankd://127.0.0.1', { tags: { zone: 'x'.repeat(257) } }],
  ])('rejects with BAD_ARGUMENT at once with %s', async (_what, url, options) => {
    await expect(fleet.joinAt(url, options)).rejects.toMatchObject(codeOf('BAD_ARGUMENT'));
  });

  it('R-JOIN-4 R-JOIN-5 rejects with FULL after joinWithinMs, and with UNAUTHORIZED at once', async () => {
    const { port } = await fleet.server({ RANKD_MEMBERS_MAX: '1', RANKD_TOKEN: 'open', RANKD_HEARTBEAT_MS: '100' });
    const ann = await fleet.join(port, { token: 'open' });
    const url = `rankd://127.0.0.1:${port}`;
    await expect(fleet.joinAt(url, { token: 'shut' })).rejects.toMatchObject({
      ...codeOf('UNAUTHORIZED'),
      retry: false,
    });
    await expect(fleet.joinAt(url)).rejects.toMatchObject(codeOf('UNAUTHORIZED'));
    const full = fleet.joinAt(url, { token: 'open', joinWithinMs: 3000 });
    await expect(full).rejects.toMatchObject({ ...codeOf('FULL'), retryAfterMs: 100 });
    await expect(full).rejects.toThrow('group default has 1 of 1 members');
    const waiting = fleet.joinAt(url, { token: 'open' });
    await ann.leave();
    const bob = await fleet.time.within(DEADLINE_MS, 'a seat', waiting);
    expect(bob.rank).toBe(0);
    await bob.leave();
  });

  it('rejects after joinWithinMs if the server accepts the connection and sends nothing', async () => {
    await server.server.whileStopped(async () => {
      const startedMs = fleet.time.nowMs();
      const joining = fleet.join(server.port, { joinWithinMs: 300 });
      await expect(joining).rejects.toMatchObject(codeOf('CONNECT_FAILED'));
      expect(fleet.time.nowMs() - startedMs).toBe(301);
    });
  });
});

describe('a group', () => {
  it('has an order that is independent of other groups', async () => {
    const ann = await fleet.join(server.port, { group: fleet.newGroup() });
    const bob = await fleet.join(server.port, { group: fleet.newGroup() });
    expect([ann.rank, bob.rank]).toEqual([0, 0]);
    expect([ann.leader?.member, bob.leader?.member]).toEqual([ann.member, bob.member]);
  });
});
