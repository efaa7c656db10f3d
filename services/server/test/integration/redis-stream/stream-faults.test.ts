import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { eventually, type LaunchedRedis, within } from '@rankd/testkit';
import type { Redis } from 'ioredis';
import { follow, numbered, type OpenShard, standing, StreamFixture, untilState } from './stream-fixture.js';

/** The stream of records while Redis or the connection to it fails and returns. */

jest.setTimeout(30_000);

let fixture: StreamFixture;
beforeEach(() => {
  fixture = new StreamFixture();
});
afterEach(() => fixture.dispose());

const ok = { kind: 'ok' };
/** An answer may take 1.5 s; the rest is for a busy machine. */
const UNKNOWN_MS = 1500 + 5000;

/** Appends until Redis accepts it again, but does not repeat an unknown append, which may be stored. */
async function appendAgain({ shard }: OpenShard, body: string): Promise<void> {
  await eventually(10_000, `${body} to be accepted`, async () => {
    const { kind } = await shard.append([body], 1);
    expect(kind).toMatch(/ok|refused/);
    return kind === 'ok' ? true : undefined;
  });
}

async function expectAllTold({ reading }: OpenShard, client: Redis, last: string): Promise<void> {
  await reading.untilTold(last);
  expect(reading.bodies).toEqual(await standing(client));
  expect(reading.why).toBeUndefined();
}

async function openWithClient(...args: string[]): Promise<OpenShard & { redis: LaunchedRedis; client: Redis }> {
  const redis = await fixture.redis(...args);
  return { ...(await fixture.openShard(redis.url)), redis, client: fixture.client(redis.url) };
}

it('K8: an append with a lost answer is unknown, is stored once, and is read when the connection returns', async () => {
  const redis = await fixture.redis();
  const client = fixture.client(redis.url);
  const proxy = await fixture.proxy(redis.port);
  const open = await fixture.openShard(`redis://127.0.0.1:${proxy.port}`);
  proxy.treat('toClient', 'drop');
  const outcome = await within(UNKNOWN_MS, 'an outcome', open.shard.append(['lost', 'answer'], 1));
  expect(outcome).toMatchObject({ kind: 'unknown' });
  expect(await standing(client)).toEqual(['genesis', 'lost', 'answer']);
  await untilState(open, 'down');
  proxy.treat('toClient', 'pass');
  await untilState(open, 'up');
  await appendAgain(open, 'after');
  await expectAllTold(open, client, 'after');
  expect(open.reading.bodies).toEqual(['genesis', 'lost', 'answer', 'after']);
});

it('an append that is cut off on its way is unknown, and the connection returns by itself', async () => {
  const redis = await fixture.redis();
  const client = fixture.client(redis.url);
  const proxy = await fixture.proxy(redis.port);
  const open = await fixture.openShard(`redis://127.0.0.1:${proxy.port}`);
  proxy.treat('toServer', 'drop');
  const appended = open.shard.append(['never came'], 1);
  proxy.reset();
  expect(await within(UNKNOWN_MS, 'an outcome', appended)).toMatchObject({ kind: 'unknown' });
  proxy.treat('toServer', 'pass');
  await appendAgain(open, 'after');
  await expectAllTold(open, client, 'after');
  expect(open.reading.bodies).toEqual(['genesis', 'after']);
});

it('a stalled Redis makes appends unknown; when it continues, no record is lost or read twice', async () => {
  const open = await openWithClient();
  const other = await fixture.openShard(open.redis.url);
  for (const body of numbered('before', 20)) expect(await open.shard.append([body], 1)).toEqual(ok);
  await open.redis.childProcess.stop();
  const outcome = await within(UNKNOWN_MS, 'an outcome', open.shard.append(['meanwhile'], 1));
  expect(outcome).toMatchObject({ kind: 'unknown' });
  await untilState(open, 'down');
  expect(await open.shard.append(['not sent'], 1)).toMatchObject({ kind: 'refused' });
  open.redis.childProcess.kill('SIGCONT');
  await untilState(open, 'up');
  await appendAgain(open, 'after');
  await expectAllTold(open, open.client, 'after');
  await expectAllTold(other, open.client, 'after');
  expect(open.reading.bodies.filter(body => body === 'meanwhile').length).toBeLessThanOrEqual(1);
  expect(open.reading.bodies).not.toContain('not sent');
});

it('a full Redis rejects the whole append, and accepts it when it has room', async () => {
  const open = await openWithClient();
  await open.client.config('SET', 'maxmemory', '1');
  expect(await open.shard.append(['a', 'b'], 1)).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(/^OOM/),
  });
  expect(await standing(open.client)).toEqual(['genesis']);
  await open.client.config('SET', 'maxmemory', '0');
  expect(await open.shard.append(['a', 'b'], 1)).toEqual(ok);
  await expectAllTold(open, open.client, 'b');
  expect(open.states).toEqual([{ kind: 'up' }]);
});

it('a Redis without the required replicas rejects appends, and says why', async () => {
  const open = await openWithClient();
  await open.client.config('SET', 'min-replicas-to-write', '1');
  expect(await open.shard.append(['a'], 1)).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(/^NOREPLICAS/),
  });
  await open.client.config('SET', 'min-replicas-to-write', '0');
  expect(await open.shard.append(['b'], 1)).toEqual(ok);
  await expectAllTold(open, open.client, 'b');
});

it('a demoted primary rejects appends, is noticed, and serves again when it is promoted', async () => {
  const open = await openWithClient();
  await open.client.replicaof('127.0.0.1', '1');
  expect(await open.shard.append(['to a replica'], 1)).toMatchObject({ kind: 'refused' });
  await eventually(10_000, 'a refusal that says why', async () => {
    const outcome = await open.shard.append(['to a replica'], 1);
    return outcome.kind === 'refused' && outcome.reason.includes('Redis is a replica') ? true : undefined;
  });
  await untilState(open, 'down');
  await open.client.replicaof('NO', 'ONE');
  await untilState(open, 'up');
  await appendAgain(open, 'after');
  await expectAllTold(open, open.client, 'after');
  expect(open.reading.bodies).toEqual(['genesis', 'after']);
});

it('a primary that is demoted while no server writes is noticed by reading', async () => {
  const open = await openWithClient();
  await open.client.replicaof('127.0.0.1', '1');
  await untilState(open, 'down');
  expect(open.reading.why).toBeUndefined();
});

it('a deleted stream is reported as missing; appends are rejected and no new stream begins', async () => {
  const open = await openWithClient();
  await open.shard.append(['one'], 1);
  await open.client.del('rankd:{s00}:log');
  expect(await open.shard.append(['two'], 1)).toMatchObject({ kind: 'refused' });
  expect(await open.reading.untilBroken()).toBe('missing');
  await expect(follow(open.shard)).rejects.toMatchObject({
    fault: 'lost',
    message: expect.stringContaining('does not exist'),
  });
  expect(await open.client.exists('rankd:{s00}:log')).toBe(0);
});

it('K6: a Redis that has lost everything is not used again by servers that knew the cluster', async () => {
  const open = await openWithClient();
  await open.client.flushall();
  expect(await open.reading.untilBroken()).toBe('missing');
  await expect(follow(open.shard)).rejects.toMatchObject({ fault: 'lost' });
  await expect(open.store.prepare({ clusterId: 'cluster' })).rejects.toMatchObject({ fault: 'lost' });
  const stranger = await fixture.openShard(open.redis.url, {}, 'another cluster');
  await expect(follow(open.shard)).rejects.toMatchObject({ fault: 'lost' });
  expect(stranger.reading.bodies).toEqual(['genesis']);
});

it('a Redis that cannot be reached is reported with the reason, and not before', async () => {
  const redis = await fixture.redis();
  const proxy = await fixture.proxy(redis.port);
  proxy.lead(1);
  const opened = fixture.store(`redis://127.0.0.1:${proxy.port}`);
  const preparing = opened.store.prepare({ clusterId: 'cluster' });
  expect(await untilState(opened, 'down')).toMatchObject({ kind: 'down' });
  proxy.lead(redis.port);
  expect(await preparing).toMatchObject({ isNew: true });
  await untilState(opened, 'up');
  expect(opened.states.map(({ kind }) => kind)).toEqual(['down', 'up']);
});
