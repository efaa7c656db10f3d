import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { eventually, freePort, type LaunchedRedis, type LaunchedServer, launchRedis } from '@rankd/testkit';
import { Fleet } from './fleet.js';

jest.setTimeout(120_000);

const WITHIN_MS = 30_000;
const SERVERS = 3;

let fleet: Fleet;
let redis: LaunchedRedis;
let ports: number[];
let servers: LaunchedServer[];

beforeEach(async () => {
  fleet = new Fleet();
  redis = await launchRedis({ args: ['--appendonly', 'yes'] });
  ports = await Promise.all(Array.from({ length: SERVERS }, async () => await freePort()));
  servers = [];
  for (const port of ports) servers.push(await launch(port, redis.url));
});
afterEach(async () => {
  await fleet.dispose();
  await redis.dispose();
});

async function launch(port: number, redisUrl: string): Promise<LaunchedServer> {
  return await fleet.server({
    RANKD_MODE: 'cluster',
    RANKD_SHARDS: '2',
    RANKD_PORT: String(port),
    RANKD_REDIS_URL: redisUrl,
    RANKD_DRAIN_MS: '200',
    RANKD_REFORM_MS: '500',
  });
}

/** Returns the URL of all servers, with the one at `index` first. */
function urlFrom(index: number): string {
  const turned = [...ports.slice(index), ...ports.slice(0, index)];
  return turned.map(port => `rankd://127.0.0.1:${port}`).join(',');
}

async function joinInTurn(count: number): Promise<Membership[]> {
  const members: Membership[] = [];
  for (let rank = 0; rank < count; rank += 1) {
    const member = await fleet.joinAt(urlFrom(rank % SERVERS), { name: `name-${rank}` });
    member.handle('echo', args => args);
    members.push(member);
  }
  return members;
}

const placesOf = (members: readonly Membership[]): unknown[] =>
  members.map(({ member, slot, rank }) => [member, slot, rank]);

describe('a cluster of three servers', () => {
  it('is restarted one server at a time, and no member loses its rank', async () => {
    const members = await joinInTurn(6);
    const before = placesOf(members);
    const moves: unknown[] = [];
    for (const member of members) {
      member.on('rank', ({ rank, was }) => {
        if (was !== undefined && rank !== was) moves.push([member.name, was, rank]);
      });
    }
    for (const [index, port] of ports.entries()) {
      servers[index]?.childProcess.kill('SIGTERM');
      await servers[index]?.childProcess.exited;
      servers[index] = await launch(port, redis.url);
      await eventually(WITHIN_MS, 'every member to act on its rank', () =>
        members.every(({ rank }) => rank !== undefined) ? true : undefined,
      );
    }
    expect(placesOf(members)).toEqual(before);
    expect(moves).toEqual([]);
    const sheet = await members[0]?.command('echo', { x: 1 });
    expect(sheet).toMatchObject({ recipients: 5, done: 5, missing: [] });
  });

  it('keeps its members: a member accepts no seat in another cluster', async () => {
    const other = await launchRedis();
    try {
      const strange = await launch(await freePort(), other.url);
      const [mine] = ports;
      const member = await fleet.joinAt(`rankd://127.0.0.1:${mine},rankd://127.0.0.1:${strange.port}`, {});
      const codes: string[] = [];
      member.on('disconnected', ({ error }) => codes.push(error.code));
      const { member: id } = member;
      servers[0]?.childProcess.kill();
      await eventually(WITHIN_MS, 'the other cluster to be refused', () =>
        codes.includes('OTHER_CLUSTER') ? true : undefined,
      );
      servers[0] = await launch(mine ?? 0, redis.url);
      await eventually(WITHIN_MS, 'its own cluster', () => (member.rank === 0 ? true : undefined));
      expect(member.member).toBe(id);
    } finally {
      await other.dispose();
    }
  });
});
