import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { InProcessFleet, type InProcessServer } from '@rankd/testkit/in-process';
import { codeOf, DEADLINE_MS, timedIt } from '../fixture.js';

const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
const SUSPEND_MS = Number(TIMINGS.quick.RANKD_SUSPEND_MS);
const DEAD_MS = Number(TIMINGS.quick.RANKD_DEAD_MS);

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: InProcessServer;
let port: number;

beforeAll(async () => {
  ({ port, server } = await fleet.server(TIMINGS.quick));
});
afterAll(() => fleet.dispose());

describe('a server that sends nothing', () => {
  it('R-LEAD-3 suspends the member after suspendMs: no rank, no fence, one event; a ping makes it act again', async () => {
    const [ann, bob] = await fleet.joinAll(port, ['ann', 'bob'], { group: fleet.newGroup() });
    const { fence, member } = ann;
    const suspensions: number[] = [];
    ann.on('suspended', ({ rank }) => suspensions.push(rank));
    const suspended = Promise.all([fleet.next(ann, 'suspended'), fleet.next(bob, 'suspended')]);
    await server.whileStopped(async () => {
      const stoppedMs = fleet.time.nowMs();
      const lastActing = await lastActingMs(ann);
      expect(lastActing - stoppedMs).toBeLessThanOrEqual(SUSPEND_MS);
      expect(lastActing - stoppedMs).toBeGreaterThanOrEqual(SUSPEND_MS - 2 * HEARTBEAT_MS);
      await expect(suspended).resolves.toEqual([
        { rank: 0, because: 'silence' },
        { rank: 1, because: 'silence' },
      ]);
      expect([ann.rank, ann.fence, bob.rank, ann.size, ann.slot]).toEqual([undefined, undefined, undefined, 1, 0]);
    });
    await fleet.allSeated([ann, bob]);
    expect([ann.rank, ann.fence, ann.member, bob.rank]).toEqual([0, fence, member, 1]);
    expect(suspensions).toEqual([0]);
  });

  it('R-LEAD-3 loses the session after deadMs more, and is joined again when it answers', async () => {
    const ann = await fleet.join(port, { group: fleet.newGroup() });
    const firstId = ann.member;
    const events: string[] = [];
    for (const event of ['suspended', 'disconnected', 'joined'] as const) ann.on(event, () => events.push(event));
    const disconnected = fleet.next(ann, 'disconnected');
    await server.whileStopped(async () => {
      await expect(disconnected).resolves.toMatchObject({ error: codeOf('HEARTBEAT_TIMEOUT') });
    });
    await fleet.next(ann, 'joined');
    expect(events).toEqual(['suspended', 'disconnected', 'joined']);
    expect(ann.rank).toBeDefined();
    expect(ann.member).not.toBe(firstId);
  });
});

/** Returns when this member last had a rank. It is asked at every step of the clock. */
async function lastActingMs(member: Membership): Promise<number> {
  let lastMs = fleet.time.nowMs();
  const watch = fleet.time.watch(() => {
    if (member.rank !== undefined) lastMs = fleet.time.nowMs();
  });
  await fleet.time.eventually(DEADLINE_MS, 'suspension', () => (member.rank === undefined ? true : undefined));
  watch.cancel();
  return lastMs;
}

describe('a network that loses all frames between a leader and its server', () => {
  it('R-LEAD-3 suspends the leader at suspendMs, before the server promotes the next member', async () => {
    const proxy = fleet.proxy(port);
    const group = fleet.newGroup();
    const ann = await fleet.join(proxy.port, { group, name: 'ann' });
    const bob = await fleet.join(port, { group, name: 'bob' });
    const [annEvents, bobEvents] = [recordEvents(ann), recordEvents(bob)];
    await fleet.time.pass(5 * HEARTBEAT_MS);
    for (const direction of ['toServer', 'toClient'] as const) proxy.treat(direction, 'drop');
    await fleet.time.pass(DEAD_MS + HEARTBEAT_MS);
    expect(annEvents.map(([event]) => event)).toEqual(['suspended']);
    expect(bobEvents.map(([event]) => event)).toEqual(['rank']);
    expect(bobEvents[0]?.[1]).toBeGreaterThan(annEvents[0]?.[1] ?? Infinity);
    expect([ann.rank, bob.rank]).toEqual([undefined, 0]);
  });
});

function recordEvents(member: Membership): [string, number][] {
  const events: [string, number][] = [];
  for (const event of ['suspended', 'acting', 'disconnected', 'joined', 'rank'] as const) {
    member.on(event, () => events.push([event, fleet.time.nowMs()]));
  }
  return events;
}

describe('a process that is stopped and continued', () => {
  it('R-LEAD-3 has no rank at the first read, when the next member leads already', async () => {
    const group = fleet.newGroup();
    const process = fleet.process(port);
    const ann = await process.join({ group, name: 'ann' });
    const bob = await fleet.join(port, { group, name: 'bob' });
    process.stop();
    const { cause } = await fleet.next(bob, 'rank', ({ rank }) => rank === 0);
    expect(cause).toMatchObject({ kind: 'left', name: 'ann', reason: 'HEARTBEAT_TIMEOUT' });
    expect([ann.rank, ann.fence]).toEqual([undefined, undefined]);
    process.continue();
    await fleet.time.eventually(DEAD_MS, 'its new rank', () => (ann.rank === 1 ? true : undefined));
    expect(bob.rank).toBe(0);
  });
});
