import { afterEach, expect, it, jest } from '@jest/globals';
import { at, eventually, launchRedis, launchSentinels, ProcessServer } from '@rankd/testkit';
import { Redis } from 'ioredis';
import { eventsLogged } from '../mirror/mirror-fixture.js';

/**
 * The order of a cluster follows the primary that sentinels name. Whether its servers end their incarnation depends on
 * the speed of the machine.
 */

const NAME = 'ranks';
/** Half a second of silence, an election and a promotion, plus time for a busy machine. */
const FAILOVER_MS = 30_000;

jest.setTimeout(90_000);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function owned<T extends { dispose(): Promise<void> }>(part: T): T {
  ends.push(async () => await part.dispose());
  return part;
}

/** Waits until the output of this Redis or sentinel contains these words. */
async function untilSays(port: number, section: string, words: string): Promise<void> {
  const redis = new Redis(port, '127.0.0.1');
  try {
    await eventually(FAILOVER_MS, `${words} at ${port}`, async () =>
      (await redis.info(section)).includes(words) ? true : undefined,
    );
  } finally {
    redis.disconnect();
  }
}

it('two servers continue at the new primary, with their members in the same order', async () => {
  const kept = ['--appendonly', 'yes', '--repl-diskless-sync-delay', '0'];
  const primary = owned(await launchRedis({ args: kept }));
  const follow = ['--replicaof', '127.0.0.1', String(primary.port)];
  const replicas = [1, 2].map(async () => owned(await launchRedis({ args: [...kept, ...follow] })));
  for (const { port } of await Promise.all(replicas)) await untilSays(port, 'replication', 'master_link_status:up');
  const sentinels = (await launchSentinels(3, NAME, primary.port)).map(owned);
  for (const { port } of sentinels) await untilSays(port, 'sentinel', 'slaves=2,sentinels=3');
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const servers: ProcessServer[] = [];
  for (let count = 0; count < 2; count += 1) {
    const env = {
      RANKD_MODE: 'cluster',
      RANKD_SHARDS: '2',
      RANKD_LOG_ACK: 'replicated',
      RANKD_GRACE_SERVER_MS: '60000',
    };
    const url = `redis+sentinel://${hosts}/${NAME}`;
    servers.push(owned(await ProcessServer.launch({ ...env, RANKD_REDIS_URL: url })));
  }
  const ids: string[] = [];
  for (let rank = 0; rank < 4; rank += 1) ids.push((await at(servers, rank % 2).join({ group: 'g' })).id);

  primary.childProcess.kill();
  await eventually(FAILOVER_MS, 'both servers to accept members again', async () => {
    const isBack = servers.every(server => eventsLogged(server.childProcess, 'log.up').length > 1);
    const answers = await Promise.all(
      servers.map(async ({ httpPort }) => await fetch(`http://127.0.0.1:${httpPort}/readyz`)),
    );
    return isBack && answers.every(({ ok }) => ok) ? true : undefined;
  });
  // A server whose incarnation ends at this moment sends the newcomer away. The test retries, as the library does.
  const { id } = await eventually(FAILOVER_MS, 'a newcomer to be admitted', async () => {
    return await at(servers, 1)
      .join({ group: 'g' })
      .catch(() => undefined);
  });
  await eventually(FAILOVER_MS, 'one order at both', async () => {
    const orders = await Promise.all(
      servers.map(async ({ httpPort }) => {
        const { members } = (await (await fetch(`http://127.0.0.1:${httpPort}/api/groups/g`)).json()) as {
          members: { member: string }[];
        };
        return members.map(({ member }) => member);
      }),
    );
    return orders.every(order => order.slice(0, 4).join() === ids.join() && order.at(-1) === id) ? true : undefined;
  });
  expect(await at(servers, 0).metric('rankd_servers')).toBe(2);
});
