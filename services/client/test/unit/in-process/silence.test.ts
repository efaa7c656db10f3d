import { afterEach, describe, expect, it } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { ChaosLink } from '@rankd/testkit';
import { InProcessClient, InProcessServer } from '@rankd/testkit/in-process';

const HEARTBEAT_MS = 200;
const SUSPEND_MS = 1000;
const DEAD_MS = 2000;
const TIMING = {
  RANKD_HEARTBEAT_MS: String(HEARTBEAT_MS),
  RANKD_SUSPEND_MS: String(SUSPEND_MS),
  RANKD_DEAD_MS: String(DEAD_MS),
};

const servers: InProcessServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
});

async function startServer(): Promise<InProcessServer> {
  const server = await InProcessServer.start(TIMING);
  servers.push(server);
  return server;
}

function recordEvents(member: Membership, server: InProcessServer): [string, number][] {
  const events: [string, number][] = [];
  for (const event of ['suspended', 'acting', 'disconnected', 'joined', 'rank'] as const) {
    member.on(event, () => events.push([event, server.time.nowMs()]));
  }
  return events;
}

describe('a network that loses everything between a leader and its server', () => {
  it('R-LEAD-3 suspends the leader at suspendMs, and only then the server promotes its deputy', async () => {
    const server = await startServer();
    const link = new ChaosLink(server.time);
    const cutOff = new InProcessClient(server, { link });
    const ann = await cutOff.join({ name: 'ann' });
    const bob = await new InProcessClient(server).join({ name: 'bob' });
    const [annEvents, bobEvents] = [recordEvents(ann, server), recordEvents(bob, server)];
    await server.time.pass(5 * HEARTBEAT_MS);
    for (const direction of ['toServer', 'toClient'] as const) link.treat(direction, 'drop');
    await server.time.pass(DEAD_MS + HEARTBEAT_MS);
    expect(annEvents.map(([event]) => event)).toEqual(['suspended']);
    expect(bobEvents.map(([event]) => event)).toEqual(['rank']);
    expect(bobEvents[0]?.[1]).toBeGreaterThan(annEvents[0]?.[1] ?? Infinity);
    expect([ann.rank, bob.rank]).toEqual([undefined, 0]);
  });
});

describe('a process that is stopped and continued', () => {
  it('R-LEAD-3 has no rank at the very first reading, while its deputy leads already', async () => {
    const server = await startServer();
    const process = new InProcessClient(server);
    const ann = await process.join({ name: 'ann' });
    const bob = await new InProcessClient(server).join({ name: 'bob' });
    process.stop();
    await server.time.eventually(2 * DEAD_MS, 'promotion', () => (bob.rank === 0 ? true : undefined));
    expect([ann.rank, ann.fence]).toEqual([undefined, undefined]);
    process.continue();
    await server.time.eventually(DEAD_MS, 'its new rank', () => (ann.rank === 1 ? true : undefined));
  });
});
