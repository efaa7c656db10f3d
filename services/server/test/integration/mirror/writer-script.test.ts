import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { parseWriterClaim } from '../../../src/mirror/writer-claim.js';
import { writerScript } from '../../../src/mirror/writer-script.js';
import { MirrorFixture } from './mirror-fixture.js';

/** The script of the writer by itself. */

const WRITER = 'rankd:writer';
const fixture = new MirrorFixture();
let redis: Redis;

beforeAll(async () => {
  redis = fixture.reader((await fixture.redis()).url);
});
afterAll(() => fixture.dispose());
beforeEach(() => redis.flushall());

interface Claim {
  readonly incarnation: string;
  readonly epoch: number;
}

const textOf = (claim: Claim): string => JSON.stringify({ ...claim, server: 'host' });

async function run(act: string, claim: Claim, expireMs = 15_000): Promise<[string, string, number]> {
  const own = [textOf(claim), claim.epoch, claim.incarnation, expireMs];
  return (await redis.eval(writerScript, 1, WRITER, act, ...own)) as [string, string, number];
}

const a = { incarnation: 'a', epoch: 5 };
const b = { incarnation: 'b', epoch: 6 };

it('gives the claim to the first, and to a larger epoch after that', async () => {
  expect(await run('renew', a)).toEqual(['held', '', -2]);
  expect(await run('renew', b)).toEqual(['held', textOf(a), expect.any(Number)]);
  expect(await run('renew', a)).toEqual(['outranked', textOf(b), expect.any(Number)]);
  expect(await redis.get(WRITER)).toBe(textOf(b));
});

it.each([
  ['a', 'b'],
  ['b', 'a'],
])('of equal epochs gives it to the larger incarnation, if %s comes first too', async (first, second) => {
  for (const incarnation of [first, second, first, second]) await run('renew', { incarnation, epoch: 5 });
  expect(await redis.get(WRITER)).toBe(textOf({ incarnation: 'b', epoch: 5 }));
  expect((await run('hold', { incarnation: 'a', epoch: 5 }))[0]).toBe('outranked');
});

it('renews only if that is asked for, but writes a claim that is not there', async () => {
  await run('renew', a, 5000);
  expect((await run('hold', a, 15_000))[0]).toBe('held');
  expect(await redis.pttl(WRITER)).toBeLessThanOrEqual(5000);
  await run('renew', a, 15_000);
  expect(await redis.pttl(WRITER)).toBeGreaterThan(5000);
  await redis.del(WRITER);
  expect((await run('hold', a))[0]).toBe('held');
  expect(await redis.get(WRITER)).toBe(textOf(a));
});

it('looks without changing anything, and releases the own claim only', async () => {
  await run('renew', b);
  expect(await run('look', a)).toEqual(['seen', textOf(b), expect.any(Number)]);
  await run('release', a, 10);
  expect(await redis.pttl(WRITER)).toBeGreaterThan(10_000);
  await run('release', b, 1000);
  expect(await redis.pttl(WRITER)).toBeLessThanOrEqual(1000);
  expect(await redis.get(WRITER)).toBe(textOf(b));
});

it.each([
  ['junk', async () => redis.set(WRITER, '{"incarnation":')],
  ['no object', async () => redis.set(WRITER, '7')],
  ['a list', async () => redis.rpush(WRITER, 'x')],
  ['a hash', async () => redis.hset(WRITER, 'incarnation', 'z', 'epoch', '9')],
  ['an epoch in words', async () => redis.set(WRITER, '{"incarnation":"z","epoch":"9","server":"b"}')],
  ['no server', async () => redis.set(WRITER, '{"incarnation":"z","epoch":9}')],
  ['half an epoch', async () => redis.set(WRITER, '{"incarnation":"z","epoch":9.5,"server":"b"}')],
  ['an epoch past all clocks', async () => redis.set(WRITER, '{"incarnation":"z","epoch":1e300,"server":"b"}')],
  ['no incarnation', async () => redis.set(WRITER, '{"incarnation":"","epoch":9,"server":"b"}')],
])('takes %s for no claim, as the server does', async (_, store) => {
  await store();
  const [standing, text] = await run('renew', a);
  expect(standing).toBe('held');
  expect(parseWriterClaim(text)).toBeUndefined();
  expect(parseWriterClaim(await redis.get(WRITER))).toEqual({ ...a, server: 'host' });
});
