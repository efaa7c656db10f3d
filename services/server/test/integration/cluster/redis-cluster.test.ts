import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, expect, it, jest } from '@jest/globals';
import {
  at,
  DevelopmentCertificates,
  eventually,
  type Joined,
  launchRedisCluster,
  ProcessServer,
  repository,
} from '@rankd/testkit';
import { shardOf } from '../../../src/cluster/shard-placement.js';
import { RedisClusterFixture } from '../redis-stream/redis-cluster-fixture.js';
import { readinessOf, untilReadiness } from './cluster-fixture.js';

/** Several built servers on a real Redis Cluster. */

jest.setTimeout(90_000);

const SHARDS = 4;
const SOON_MS = 30_000;
const groups = Array.from({ length: 8 }, (_, index) => `group-${index}`);

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function owned<T extends { dispose(): Promise<void> }>(part: T): T {
  ends.push(async () => await part.dispose());
  return part;
}

async function twoServers(url: string, env: Readonly<Record<string, string>> = {}): Promise<ProcessServer[]> {
  const cluster = { RANKD_MODE: 'cluster', RANKD_SHARDS: String(SHARDS), RANKD_GRACE_SERVER_MS: '60000' };
  const launch = async (): Promise<ProcessServer> =>
    owned(await ProcessServer.launch({ ...cluster, RANKD_REDIS_URL: url, ...env }));
  return [await launch(), await launch()];
}

/** Joins members of ranks 0 to 3, at both servers in turn. */
async function fourMembers(servers: readonly ProcessServer[], group: string): Promise<Joined[]> {
  const joined: Joined[] = [];
  for (let rank = 0; rank < 4; rank += 1) joined.push(await at(servers, rank % 2).join({ group }));
  return joined;
}

/** Sends a command of the leader to members at both servers, and checks that all of them execute it. */
async function commandsAll(members: readonly Joined[]): Promise<void> {
  const { peer } = at(members, 0);
  peer.send({ type: 'command', id: 'c', name: 'print', to: 'all' });
  expect(await peer.next('receipt')).toMatchObject({ accepted: true, recipients: 3 });
  for (const member of members.slice(1)) {
    const { seq } = await member.peer.next('command');
    member.peer.send({ type: 'result', seq, status: 'done' });
  }
  expect(await peer.next('outcome')).toMatchObject({ id: 'c', recipients: 3, done: 3 });
}

/** The rights of every `ACL SETUSER rankd` in docs/operations.md. */
function rightsToldOf(): string[] {
  const page = readFileSync(resolve(repository, 'docs/operations/redis.md'), 'utf8');
  const rules = [...page.matchAll(/ACL SETUSER rankd ((?:.*\\\n)*.*)/g)].map(([, rights = '']) => rights);
  return rules.join(' ').replaceAll('\\\n', ' ').replace('>PASSWORD', '>secret').trim().split(/\s+/);
}

it('ranks and commands work across servers in groups of every shard, over TLS, with the documented rights and announced host names', async () => {
  const certificates = owned(await DevelopmentCertificates.make(repository));
  const files = {
    '--tls-cert-file': certificates.path('server.pem'),
    '--tls-key-file': certificates.path('server-key.pem'),
    '--tls-client-cert-file': certificates.path('client.pem'),
    '--tls-client-key-file': certificates.path('client-key.pem'),
    '--tls-ca-cert-file': certificates.path('ca.pem'),
  };
  const secure = ['--tls-cluster', 'yes', '--tls-replication', 'yes', '--tls-auth-clients', 'no'];
  const named = ['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'];
  const redis = owned(
    await launchRedisCluster(port => [
      ...['--port', '0', '--tls-port', String(port), ...secure, ...Object.entries(files).flat(), ...named],
      ...['--user', 'rankd', ...rightsToldOf()],
    ]),
  );
  const seed = `rediss+cluster://rankd:secret@localhost:${at(redis.replicas, 0).port}`;
  const servers = await twoServers(seed, { NODE_EXTRA_CA_CERTS: certificates.path('ca.pem') });
  expect(new Set(groups.map(group => shardOf(group, SHARDS))).size).toBe(SHARDS);
  await Promise.all(
    groups.map(async group => {
      const members = await fourMembers(servers, group);
      expect(members.map(({ welcome }) => welcome['rank'])).toEqual([0, 1, 2, 3]);
      await commandsAll(members);
    }),
  );
  for (const server of servers) {
    await server.childProcess.event('mirror.up');
    expect(server.childProcess.lines.filter(line => /"event":"(log|mirror)\.down"|NOPERM/.test(line))).toEqual([]);
  }
});

it('members keep their ranks when a primary dies: its replica has the order, and newcomers rank last', async () => {
  const redis = owned(await RedisClusterFixture.launch(['--appendonly', 'yes']));
  const servers = await twoServers(redis.url);
  const members = await Promise.all(groups.map(async group => await fourMembers(servers, group)));
  const lost = at(redis.launched.primaries, 0);
  const held = await redis.shardsAt(lost, 'rankd', SHARDS);
  expect(held.length).toBeGreaterThan(0);
  const shards = held.map(shard => `rankd:{s0${shard}}:log`);
  // Waits for one replica. With several replicas, RANKD_LOG_ACK=replicated waits for all records.
  await redis.at(lost).set(`${shards[0]}:end`, '1', 'PX', 1000);
  expect(await redis.at(lost).wait(1, 5000)).toBe(1);

  lost.childProcess.kill();
  await lost.childProcess.exited;
  for (const server of servers) await server.childProcess.event('log.down');
  await eventually(SOON_MS, 'the promotion', async () =>
    (await redis.ownerOf(shards[0] ?? '')) === redis.launched.replicas[0] ? true : undefined,
  );
  for (const server of servers) await untilReadiness(server, 200, SOON_MS);
  for (const [index, group] of groups.entries()) {
    const { id } = await eventually(SOON_MS, 'a newcomer to be admitted', async () => {
      return await at(servers, index % 2)
        .join({ group })
        .catch(() => undefined);
    });
    const ids = members[index]?.map(member => member.id) ?? [];
    await eventually(SOON_MS, `one order of ${group} at both`, async () => {
      const orders = await Promise.all(servers.map(async server => await orderOf(server, group)));
      return orders.every(order => order.slice(0, 4).join() === ids.join() && order.at(-1) === id) ? true : undefined;
    });
  }
  const { cluster } = await readinessOf(at(servers, 0));
  expect(cluster).toMatchObject({ state: 'current' });
});

async function orderOf({ httpPort }: ProcessServer, group: string): Promise<string[]> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/api/groups/${group}`);
  const { members } = (await answer.json()) as { members: { member: string }[] };
  return members.map(({ member }) => member);
}
