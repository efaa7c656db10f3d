import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { DevelopmentCertificates, eventually, freePort, repository } from '@rankd/testkit';
import { eventsLogged, metricOf, MirrorFixture, readSeats, untilMirrored } from './mirror-fixture.js';

/** Reliability R4, R8, and the connections to Redis in docs/operations/redis.md: TLS, and a user with only the rights that are needed. */

/** The mirror is complete 2 s after Redis is back; a busy machine takes longer. */
const RETURN_MS = 2000 + 1500;

jest.setTimeout(40_000);

let fixture: MirrorFixture;
beforeEach(() => {
  fixture = new MirrorFixture();
});
afterEach(() => fixture.dispose());

it('R4 a Redis that takes 500 ms to answer delays no promotion, does not count as down, and gets one write at a time', async () => {
  const redis = await fixture.redis();
  const proxy = await fixture.proxy(redis.port);
  const server = await fixture.server(`redis://127.0.0.1:${proxy.port}`);
  const queue = await fixture.joinInTurn(server, 10);
  await untilMirrored(fixture.reader(redis.url), server, 10);

  const before = await metricOf(server, 'rankd_mirror_writes_total{result="written"}');
  const startedMs = performance.now();
  proxy.pace('toClient', { delayMs: 500 });
  for (let part = 0; part < 10; part += 1) await fixture.changeTop(server, queue, 10);
  const writes = (await metricOf(server, 'rankd_mirror_writes_total{result="written"}')) - before;
  // One write is in flight when the delay starts.
  expect(writes).toBeLessThanOrEqual(1 + (performance.now() - startedMs) / 500);
  await untilMirrored(fixture.reader(redis.url), server, 10, { deadlineMs: RETURN_MS });
  expect(eventsLogged(server.childProcess, 'mirror.down')).toEqual([]);
});

it('R8 a Redis that fails over to its replica has the whole table there, and ranks do not wait for it', async () => {
  const primary = await fixture.redis();
  const replica = await fixture.redis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] });
  const reader = fixture.reader(replica.url);
  await eventually(10_000, 'a replica in sync', async () =>
    (await reader.info('replication')).includes('master_link_status:up') ? true : undefined,
  );
  const proxy = await fixture.proxy(primary.port);
  const server = await fixture.server(`redis://127.0.0.1:${proxy.port}`);
  const queue = await fixture.joinInTurn(server, 10);
  await untilMirrored(reader, server, 10);

  primary.childProcess.kill();
  await fixture.changeTop(server, queue, 10);
  await reader.replicaof('NO', 'ONE');
  proxy.lead(replica.port);
  await fixture.changeTop(server, queue, 10);
  await untilMirrored(reader, server, 10, { deadlineMs: RETURN_MS });
  await eventually(RETURN_MS, 'mirror.up', () =>
    eventsLogged(server.childProcess, 'mirror.up').length === 2 ? true : undefined,
  );
  expect(eventsLogged(server.childProcess, 'mirror.up', 'mirror.down')).toEqual([
    'mirror.up',
    'mirror.down',
    'mirror.up',
  ]);
});

it('rediss:// mirrors over TLS to a Redis whose CA is known, and to no other', async () => {
  const certificates = await DevelopmentCertificates.make(repository);
  try {
    const port = await freePort();
    const files = [
      '--tls-cert-file',
      certificates.path('server.pem'),
      '--tls-key-file',
      certificates.path('server-key.pem'),
    ];
    const redis = await fixture.redis({
      args: [
        '--tls-port',
        String(port),
        '--tls-auth-clients',
        'no',
        '--tls-ca-cert-file',
        certificates.path('ca.pem'),
        ...files,
      ],
    });
    const trusting = await fixture.server(`rediss://localhost:${port}`, {
      NODE_EXTRA_CA_CERTS: certificates.path('ca.pem'),
    });
    await fixture.joinInTurn(trusting, 3);
    await untilMirrored(fixture.reader(redis.url), trusting, 3);

    const other = await fixture.serverWithoutStore(`rediss://localhost:${port}`);
    expect((await other.childProcess.event('mirror.down'))['reason']).toMatch(/certificate/);
    await fixture.changeTop(other, await fixture.joinInTurn(other, 3), 3);
  } finally {
    await certificates.dispose();
  }
});

it('redis+cluster:// reports a server that is not a Redis Cluster, and ranks do not wait for it', async () => {
  const { port } = await fixture.redis();
  const server = await fixture.serverWithoutStore(`redis+cluster://127.0.0.1:${port}`);
  expect((await server.childProcess.event('mirror.down'))['reason']).toContain('cluster support disabled');
  await fixture.changeTop(server, await fixture.joinInTurn(server, 3), 3);
});

/** The first `ACL SETUSER` of docs/operations/redis.md: the rights for the mirror. */
function readRights(): string[] {
  const page = readFileSync(resolve(repository, 'docs/operations/redis.md'), 'utf8');
  const [, rights = ''] = /ACL SETUSER rankd ((?:.*\\\n)*.*)/.exec(page) ?? [];
  return rights
    .replaceAll('\\\n', ' ')
    .split(/\s+/)
    .filter(right => right !== '');
}

it('the rights in docs/operations/redis.md are enough for the server, and allow nothing else', async () => {
  const redis = await fixture.redis();
  const reader = fixture.reader(redis.url);
  const rights = readRights().map(right => (right.startsWith('>') ? '>secret' : right));
  expect(rights.length).toBeGreaterThan(20);
  await reader.acl('SETUSER', 'rankd', ...rights);
  const url = `redis://rankd:secret@127.0.0.1:${redis.port}`;

  const server = await fixture.server(url, { RANKD_ADMIN_TOKEN: 'admin', RANKD_GRACE_MS: '100' });
  const admin = await fixture.admin(server);
  const queue = await fixture.joinInTurn(server, 5);
  await admin({ action: 'move', member: queue[3]?.id, rank: 1 });
  await admin({ action: 'remove', member: queue[2]?.id });
  queue[4]?.peer.destroy();
  await untilMirrored(reader, server, 3);
  server.childProcess.kill('SIGTERM');
  await server.childProcess.exited;
  const kept = await readSeats(reader);
  expect(kept).toHaveLength(3);

  const next = await fixture.server(url);
  await untilMirrored(reader, next, 3);
  const restored = await readSeats(reader);
  expect(restored.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
  expect(await reader.acl('LOG')).toEqual([]);

  const confined = fixture.reader(url);
  for (const attempt of [
    () => confined.set('other', '1'),
    () => confined.get('other:{default}:epoch'),
    () => confined.eval('return redis.call("SET", KEYS[1], 1)', 1, 'other'),
    () => confined.flushall(),
    () => confined.config('GET', '*'),
    () => confined.keys('*'),
  ]) {
    await expect(attempt()).rejects.toThrow(/NOPERM|permission|can't access/i);
  }
});
