import { afterEach, describe, expect, it } from '@jest/globals';
import { byeOf, freePort, numberIn, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';
import { type Script, ScriptedRedis } from '../../redis-stream/scripted-redis.js';

/** R-VIEW-6: a store that is configured and has not been read is not an empty one. */

const REFORM_MS = 3000;
const RETRY_MS = 500;

const servers: InProcessServer[] = [];
const stores: ScriptedRedis[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
  for (const store of stores.splice(0)) store.dispose();
});

async function start(url: string, env: Readonly<Record<string, string>> = {}): Promise<InProcessServer> {
  const settings = { ...TIMINGS.quick, RANKD_REFORM_MS: String(REFORM_MS), RANKD_REDIS_URL: url, ...env };
  const server = await InProcessServer.start(settings);
  servers.push(server);
  return server;
}

async function scripted(script: Script): Promise<ScriptedRedis> {
  const store = await ScriptedRedis.listen(script);
  stores.push(store);
  return store;
}

/** Checks that the server refuses hellos for this reason, and for at most `windowMs` after it began to listen. */
async function expectUnread(server: InProcessServer, reason: RegExp, windowMs = REFORM_MS): Promise<void> {
  const listeningMs = server.time.nowMs();
  const refused = await server.connect();
  refused.send({ type: 'hello' });
  expect(await byeOf(refused)).toMatchObject({ code: 'UNAVAILABLE', retry: true, retryAfterMs: RETRY_MS });
  const readiness = JSON.parse(await server.get('/readyz')) as { reason: string };
  expect(readiness).toMatchObject({ ready: false, state: 'starting', mirror: { state: 'down' } });
  expect(readiness.reason).toMatch(reason);
  expect(server.logLines.find(({ event }) => event === 'mirror.unread')).toMatchObject({ waitMs: windowMs });

  await server.event('mirror.given-up');
  const waitedMs = server.time.nowMs() - listeningMs;
  expect(waitedMs).toBeGreaterThanOrEqual(windowMs);
  expect(waitedMs).toBeLessThan(windowMs + 2 * RETRY_MS);
  expect((await server.join()).welcome).toMatchObject({ rank: 0 });
  expect(JSON.parse(await server.get('/readyz'))).toMatchObject({ ready: true, mirror: { state: 'down' } });
}

const line = (text: string): string => `-${text}\r\n`;
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const list = (...items: readonly string[]): string => `*${items.length}\r\n${items.join('')}`;
const SEATS = 'rankd:{default}:seats';
const oneKey = list(bulk('0'), list(bulk(SEATS)));
const empty = list(bulk('0'), list());

const faults: readonly { readonly what: string; readonly script: Script; readonly reason: RegExp }[] = [
  { what: 'hangs up', script: { hangsUp: true }, reason: /clos|ECONNRESET|EPIPE/i },
  { what: 'wants a password', script: { says: { info: line('NOAUTH Authentication required.') } }, reason: /NOAUTH/ },
  {
    what: 'loads its data',
    script: { says: { info: bulk('loading:1\r\nloading_eta_seconds:1\r\n') } },
    reason: /LOADING/,
  },
  {
    what: 'loads its data as it is read',
    script: { says: { scan: line('LOADING Redis is loading') } },
    reason: /LOADING/,
  },
  {
    what: 'is a replica',
    script: { says: { info: bulk('role:slave\r\nloading:0\r\n'), scan: empty, get: '_\r\n' } },
    reason: /replica/,
  },
  {
    what: 'is a replica without its primary',
    script: { says: { scan: line('MASTERDOWN Link down') } },
    reason: /MASTERDOWN/,
  },
  { what: 'runs a script', script: { says: { scan: line('BUSY Redis is busy') } }, reason: /BUSY/ },
  { what: 'may not be scanned', script: { says: { scan: line('NOPERM no permissions') } }, reason: /NOPERM/ },
  {
    what: 'has the seats elsewhere',
    script: { says: { scan: oneKey, get: '_\r\n', hgetall: line('MOVED 1234 127.0.0.1:1') } },
    reason: /MOVED/,
  },
  {
    what: 'is a cluster that is down',
    script: { says: { scan: oneKey, get: '_\r\n', hgetall: line('CLUSTERDOWN The cluster is down') } },
    reason: /CLUSTERDOWN/,
  },
  {
    what: 'shows no claim of the writer',
    script: { says: { scan: empty, get: line('ERR unknown') } },
    reason: /ERR unknown/,
  },
  {
    what: 'answers half of the scan',
    script: { says: { scan: list(bulk('7'), list()) }, most: { scan: 1 } },
    reason: /timed out/,
  },
  { what: 'never answers', script: { says: { info: '' } }, reason: /timed out|clos/i },
  {
    what: 'answers everything but the seats',
    script: { says: { scan: oneKey, get: '_\r\n' } },
    reason: /timed out/,
  },
];

describe('R-VIEW-6 A store that was not read is not empty', () => {
  it('if nothing listens there', async () => {
    await expectUnread(await start(`redis://127.0.0.1:${await freePort()}`), /ECONNREFUSED/);
  });

  it.each(faults)('if it $what', async ({ script, reason }) => {
    await expectUnread(await start((await scripted(script)).url), reason);
  });

  it('if the password is wrong', async () => {
    const { port } = await scripted({ says: { hello: line('WRONGPASS invalid username-password pair') } });
    await expectUnread(await start(`redis://:secret@127.0.0.1:${port}`), /WRONGPASS/);
  });

  it('if no sentinel answers', async () => {
    await expectUnread(await start(`redis+sentinel://127.0.0.1:${await freePort()}/name`), /sentinel/i);
  });

  it('if no node of the Redis Cluster answers', async () => {
    await expectUnread(await start(`redis+cluster://127.0.0.1:${await freePort()}`), /./);
  });

  it('and is waited for RANKD_SUSPEND_MS if that is longer than RANKD_REFORM_MS', async () => {
    const times = { RANKD_REFORM_MS: '100', RANKD_SUSPEND_MS: '2500', RANKD_DEAD_MS: '3000' };
    await expectUnread(await start(`redis://127.0.0.1:${await freePort()}`, times), /ECONNREFUSED/, 2500);
  });
});

it('R-VIEW-6 refuses observers and every group too, and ends in time on SIGTERM', async () => {
  const server = await start(`redis://127.0.0.1:${await freePort()}`);
  for (const hello of [{ role: 'observer' }, { group: 'other' }, { resume: { member: 'm1', secret: 'x' } }]) {
    const peer = await server.connect();
    peer.send({ type: 'hello', ...hello });
    expect(await byeOf(peer)).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: RETRY_MS });
  }
  await server.stop();
  expect(server.logLines.map(({ event }) => event)).not.toContain('mirror.given-up');
});

it('R-VIEW-6 an empty store was read: the first hello gets rank 0 at once, and its epoch is that of the claim', async () => {
  const script = { says: { scan: empty, get: '_\r\n', evalsha: list(bulk('held'), bulk(''), ':-2\r\n') } };
  const server = await start((await scripted(script)).url);
  const { welcome } = await server.join();
  expect(welcome).toMatchObject({ rank: 0 });
  expect(numberIn(welcome, 'epoch')).toBeGreaterThanOrEqual(server.wallMs - 1000);
  expect(JSON.parse(await server.get('/readyz'))).toMatchObject({ ready: true, state: 'accepting' });
  expect(server.logLines.map(({ event }) => event)).not.toContain('mirror.unread');
});

it('without a store there is nothing to read', async () => {
  const server = await InProcessServer.start(TIMINGS.quick);
  servers.push(server);
  expect((await server.join()).welcome).toMatchObject({ rank: 0 });
});
