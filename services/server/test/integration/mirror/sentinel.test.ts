import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import type { Redis } from 'ioredis';
import { eventsLogged, metricOf, MirrorFixture, untilMirrored } from './mirror-fixture.js';

/** Reliability R8 with three sentinels, two of which have to agree. */

const NAME = 'ranks';
/** Half a second of silence, an election and a promotion; a busy machine takes longer. */
const FAILOVER_MS = 30_000;

jest.setTimeout(60_000);

let fixture: MirrorFixture;
beforeEach(() => {
  fixture = new MirrorFixture();
});
afterEach(() => fixture.dispose());

/** The facts that a sentinel has about the primary. */
async function facts(sentinel: Redis): Promise<Readonly<Record<string, string>>> {
  const answer = (await sentinel.call('SENTINEL', 'MASTER', NAME)) as string[] | Record<string, string>;
  if (!Array.isArray(answer)) return answer;
  return Object.fromEntries(answer.flatMap((word, at) => (at % 2 === 0 ? [[word, answer[at + 1] ?? '']] : [])));
}

it('R8 follows the primary that sentinels name, which has the whole newest table; ranks do not wait for it', async () => {
  const primary = await fixture.redis();
  const replica = await fixture.redis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] });
  const reader = fixture.reader(replica.url);
  await eventually(10_000, 'a replica in sync', async () =>
    (await reader.info('replication')).includes('master_link_status:up') ? true : undefined,
  );
  const sentinels = await fixture.sentinels(3, NAME, primary.port);
  const watches = sentinels.map(({ port }) => fixture.reader(`redis://127.0.0.1:${port}`));
  await eventually(30_000, 'sentinels that know each other and the replica', async () => {
    const known = await Promise.all(watches.map(facts));
    return known.every(each => each['num-slaves'] === '1' && each['num-other-sentinels'] === '2') ? true : undefined;
  });
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const server = await fixture.server(`redis+sentinel://${hosts}/${NAME}`);
  const queue = await fixture.joinInTurn(server, 10);
  await untilMirrored(fixture.reader(primary.url), server, 10);

  // kills the sentinel that is asked first, too
  sentinels[0]?.childProcess.kill();
  primary.childProcess.kill();
  expect((await server.childProcess.event('mirror.down'))['server']).toBe(`${NAME} through ${hosts}`);
  await fixture.changeTop(server, queue, 10);
  expect(await metricOf(server, 'rankd_mirror_up')).toBe(0);
  await eventually(FAILOVER_MS, 'a new primary', async () =>
    (await facts(watches[1] as Redis))['port'] === String(replica.port) ? true : undefined,
  );
  await fixture.changeTop(server, queue, 10);
  await untilMirrored(reader, server, 10, { deadlineMs: FAILOVER_MS });
  await eventually(FAILOVER_MS, 'mirror.up', () =>
    eventsLogged(server.childProcess, 'mirror.up').length === 2 ? true : undefined,
  );
  expect(eventsLogged(server.childProcess, 'mirror.up', 'mirror.down')).toEqual([
    'mirror.up',
    'mirror.down',
    'mirror.up',
  ]);
});

it('sentinels that do not know the name delay neither the start nor a rank, and the server retries', async () => {
  const redis = await fixture.redis();
  const [sentinel] = await fixture.sentinels(1, NAME, redis.port);
  const server = await fixture.serverWithoutStore(`redis+sentinel://127.0.0.1:${sentinel?.port}/other`);
  expect((await server.childProcess.event('mirror.down'))['reason']).toContain('sentinels');
  await fixture.changeTop(server, await fixture.joinInTurn(server, 3), 5);

  await fixture
    .reader(`redis://127.0.0.1:${sentinel?.port}`)
    .call('SENTINEL', 'MONITOR', 'other', '127.0.0.1', redis.port, 1);
  await untilMirrored(fixture.reader(redis.url), server, 3, { deadlineMs: FAILOVER_MS });
});
