import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { at, eventually, type Joined } from '@rankd/testkit';
import { RedisClusterFixture } from '../redis-stream/redis-cluster-fixture.js';
import { eventsLogged, MirrorFixture, rosterOf, untilMirrored } from './mirror-fixture.js';

/** The mirror on a Redis Cluster: each primary has a part of the groups. */

jest.setTimeout(60_000);

/** One second of silence, an election and a promotion; a busy machine takes longer. */
const FAILOVER_MS = 30_000;
const groups = Array.from({ length: 9 }, (_, index) => `group-${index}`);
const times = { RANKD_HEARTBEAT_MS: '300', RANKD_SUSPEND_MS: '1000', RANKD_DEAD_MS: '30000' };

let fixture: MirrorFixture;
let redis: RedisClusterFixture;
beforeEach(async () => {
  fixture = new MirrorFixture();
  redis = await RedisClusterFixture.launch();
});
afterEach(async () => {
  await fixture.dispose();
  await redis.dispose();
});

const ownerOf = async (group: string) => await redis.ownerOf(`rankd:{${group}}:ranks`);

it('R-VIEW-6 is complete at every primary, and a restarted server reads the order from all of them', async () => {
  const first = await fixture.server(redis.url, times);
  const joined = new Map<string, Joined[]>();
  for (const group of groups) joined.set(group, await fixture.joinInTurn(first, 3, { group }));
  const owners = await Promise.all(groups.map(ownerOf));
  expect(new Set(owners).size).toBe(3);
  for (const [index, group] of groups.entries()) {
    await untilMirrored(redis.at(at(owners, index)), first, 3, { group, deadlineMs: 10_000 });
  }
  const { epoch } = await rosterOf(first, at(groups, 0));
  // No server wrote the first two keys. They must not delay the start.
  await redis.client.hset('rankd:{stray}:epoch', 'a', 'b');
  await redis.client.set('rankd:{stray}:seats', 'x');
  await redis.client.set('rankd:{far}:epoch', String(epoch + 5_000_000));
  first.childProcess.kill();
  await first.childProcess.exited;

  const second = await fixture.server(redis.url, times);
  for (const group of groups) {
    const restored = await rosterOf(second, group);
    expect(restored.order).toEqual(joined.get(group)?.map(({ id: member }) => member));
    expect(restored.epoch).toBeGreaterThan(epoch + 5_000_000);
  }

  // A part of the groups cannot be read: what the others hold is not the whole order.
  second.childProcess.kill();
  await second.childProcess.exited;
  const lost = at(owners, 0);
  const replica = at(redis.launched.replicas, redis.launched.primaries.indexOf(lost));
  for (const { childProcess } of [replica, lost]) childProcess.kill();
  const third = await fixture.server(redis.url, { ...times, RANKD_REFORM_MS: '60000' });
  await third.childProcess.event('mirror.unread');
  const readyz = await fetch(`http://127.0.0.1:${third.httpPort}/readyz`);
  expect(readyz.status).toBe(503);
  expect(await readyz.json()).toMatchObject({ state: 'starting', mirror: { state: 'down' } });
});

it('R8 continues at the promoted replica of a lost primary, and without interruption at the other primaries; ranks do not wait for it', async () => {
  const server = await fixture.server(redis.url);
  const lost = await ownerOf('default');
  const elsewhere = await eventually(5000, 'a group at another primary', async () => {
    for (const group of groups) if ((await ownerOf(group)) !== lost) return group;
    return undefined;
  });
  const queue = await fixture.joinInTurn(server, 5);
  await fixture.joinInTurn(server, 2, { group: elsewhere });
  await untilMirrored(redis.at(lost), server, 5);
  expect((await server.childProcess.event('mirror.up'))['server']).toMatch(/^Redis Cluster through 127\.0\.0\.1:/);

  lost.childProcess.kill();
  await lost.childProcess.exited;
  await fixture.changeTop(server, queue, 5);
  await server.childProcess.event('mirror.down');
  await fixture.joinInTurn(server, 2, { group: elsewhere });
  const promoted = at(redis.launched.replicas, redis.launched.primaries.indexOf(lost));
  await eventually(FAILOVER_MS, 'the promotion', async () =>
    (await ownerOf('default')) === promoted ? true : undefined,
  );
  await fixture.changeTop(server, queue, 5);
  await untilMirrored(redis.at(promoted), server, 5, { deadlineMs: FAILOVER_MS });
  await untilMirrored(redis.at(await ownerOf(elsewhere)), server, 4, { group: elsewhere, deadlineMs: FAILOVER_MS });
  await eventually(FAILOVER_MS, 'mirror.up', () =>
    eventsLogged(server.childProcess, 'mirror.up').length > 1 ? true : undefined,
  );
});
