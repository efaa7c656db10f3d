import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Joined, type RawPeer, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const MEMBERS_MAX = 2;
const WAITLIST_MAX = 3;
const { RANKD_HEARTBEAT_MS, RANKD_SUSPEND_MS, RANKD_DEAD_MS } = TIMINGS.quick;
const HEARTBEAT_MS = Number(RANKD_HEARTBEAT_MS);
const DEAD_MS = Number(RANKD_DEAD_MS);

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    RANKD_MEMBERS_MAX: String(MEMBERS_MAX),
    RANKD_WAITLIST_MAX: String(WAITLIST_MAX),
    ...TIMINGS.quick,
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

const waitingAt = (position: number, of: number): object => ({
  type: 'waiting',
  position,
  of,
  heartbeatMs: HEARTBEAT_MS,
  suspendMs: Number(RANKD_SUSPEND_MS),
  deadMs: DEAD_MS,
});

/** A full group, and sessions that wait for a seat in it. */
async function fullGroup(waiting: number): Promise<{ group: string; members: Joined[]; queue: RawPeer[] }> {
  const group = server.freshGroup();
  const members = await server.joinMany(MEMBERS_MAX, group);
  const queue: RawPeer[] = [];
  for (let position = 1; position <= waiting; position += 1) {
    const peer = await server.connect();
    peer.send({ type: 'hello', group, name: `waiting-${position}` });
    expect(await peer.next()).toEqual(waitingAt(position, position));
    queue.push(peer);
  }
  return { group, members, queue };
}

async function leave(peer: RawPeer): Promise<void> {
  peer.send({ type: 'leave' });
  expect(await byeOf(peer)).toMatchObject({ code: 'LEFT', retry: false });
}

describe('R-JOIN-4 A session in a full group waits for a seat, first come, first served', () => {
  it('receives its new position as others are admitted, and the roster does not change before that', async () => {
    const { members, queue } = await fullGroup(3);
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
    await leave(at(members, 0).peer);
    expect(await at(queue, 0).next()).toMatchObject({
      type: 'welcome',
      name: 'waiting-1',
      rank: 1,
      size: 2,
      slot: 0,
      resumed: false,
      leader: { member: at(members, 1).id },
    });
    expect(await at(queue, 1).next()).toEqual(waitingAt(1, 2));
    expect(await at(queue, 2).next()).toEqual(waitingAt(2, 2));
    await leave(at(members, 1).peer);
    expect(await at(queue, 1).next()).toMatchObject({ type: 'welcome', name: 'waiting-2', rank: 1, slot: 1 });
    expect(await at(queue, 0).next()).toMatchObject({ type: 'view', rank: 0, was: 1, size: 2 });
    expect(await at(queue, 2).next()).toEqual(waitingAt(1, 1));
    for (const peer of queue) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });

  it.each<readonly [string, (peer: RawPeer) => void]>([
    ['leave', peer => peer.send({ type: 'leave' })],
    ['FIN', peer => peer.fin()],
    ['RST', peer => peer.reset()],
  ])('moves up if one before it leaves by %s; those before the departed one receive nothing', async (_, go) => {
    const { members, queue } = await fullGroup(3);
    go(at(queue, 1));
    expect(await at(queue, 2).next()).toEqual(waitingAt(2, 2));
    expect(await at(queue, 0).awaitUntakenFrames()).toEqual([]);
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
    await leave(at(members, 1).peer);
    expect(await at(queue, 0).next()).toMatchObject({ type: 'welcome', rank: 1, slot: 1 });
    expect(await at(queue, 2).next()).toEqual(waitingAt(1, 1));
  });

  it('receives its last position once if several leave at once', async () => {
    const { members, queue } = await fullGroup(3);
    await server.whileStopped(() => {
      at(queue, 0).send({ type: 'leave' });
      at(members, 0).peer.send({ type: 'leave' });
    });
    const frames = [await at(queue, 1).awaitUntakenFrames(), await at(queue, 2).awaitUntakenFrames()];
    expect(frames[0]?.at(-1)).toMatchObject({ type: 'welcome', rank: 1 });
    expect(frames[1]?.at(-1)).toEqual(waitingAt(1, 1));
  });

  it('is rejected with FULL past RANKD_WAITLIST_MAX, until a waiting session leaves', async () => {
    const { group, queue } = await fullGroup(WAITLIST_MAX);
    const late = await server.connect();
    late.send({ type: 'hello', group });
    expect(await byeOf(late)).toMatchObject({ code: 'FULL', retry: true, retryAfterMs: expect.any(Number) });
    await leave(at(queue, 0));
    const later = await server.connect();
    later.send({ type: 'hello', group });
    expect(await later.next()).toEqual(waitingAt(WAITLIST_MAX, WAITLIST_MAX));
  });
});

describe('R-JOIN-4 A waiting session may only ping, pong and leave', () => {
  it.each([
    { type: 'roster' },
    { type: 'history' },
    { type: 'command', id: '1', name: 'go' },
    { type: 'result', seq: 1, status: 'done' },
    { type: 'yielded' },
    { type: 'hello' },
    { type: 'admin', id: '1', action: 'remove', member: 'm1' },
  ])('is closed for $type', async message => {
    const { members, queue } = await fullGroup(2);
    at(queue, 0).send(message);
    expect(await byeOf(at(queue, 0))).toMatchObject({ code: 'BAD_MESSAGE' });
    expect(await at(queue, 1).next()).toEqual(waitingAt(1, 1));
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });

  it('R-FRAME-2 has the frame limit of a session before its welcome', async () => {
    const { queue } = await fullGroup(1);
    at(queue, 0).sendRaw('x'.repeat(4097));
    expect(await byeOf(at(queue, 0))).toMatchObject({ code: 'FRAME_TOO_LARGE' });
  });
});

describe('R-LIFE-1 A waiting session is pinged', () => {
  it('times out if it does not answer, and stays if it does', async () => {
    const { group, queue } = await fullGroup(1);
    const mute = await server.connect({ answersPings: false });
    const startedMs = server.time.nowMs();
    mute.send({ type: 'hello', group });
    expect(await mute.next('waiting')).toEqual(waitingAt(2, 2));
    const bye = await mute.next('bye', DEAD_MS + HEARTBEAT_MS);
    expect(bye).toMatchObject({ code: 'HEARTBEAT_TIMEOUT', retry: true });
    expect(mute.recordOf(bye).atMs - startedMs).toBeGreaterThanOrEqual(DEAD_MS);
    expect(await at(queue, 0).awaitUntakenFrames()).toEqual([]);
    expect(at(queue, 0).frames.findLast(({ type }) => type === 'ping')?.['seen']).toBeGreaterThan(0);
  });
});
