import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { launchRedis, SeededRandom, type LaunchedRedis } from '@rankd/testkit';
import { Redis } from 'ioredis';
import { appendScript, saveScript, trimScript } from '../../../server/src/redis-stream/scripts.js';
import { shardKeys } from '../../../server/src/redis-stream/keys.js';
import { RedisState } from '../../src/redis/redis-state.js';
import { runAppend, runSave, runTrim } from '../../src/redis/scripts.js';

/** The number of calls to both, per seed. */
const CALLS = 250;
/** How many of the last records are compared after each call. At the end, all of them are. */
const COMPARED = 8;

const { log, snapshots, snapshot } = shardKeys('rankd', 0);

let redis: LaunchedRedis;
let client: Redis;
let state: RedisState;

beforeAll(async () => {
  redis = await launchRedis();
  client = new Redis(redis.url);
});
afterAll(async () => {
  client.disconnect();
  await redis.dispose();
});

beforeEach(async () => {
  await client.flushall();
  await client.xadd(log, '1-0', 'm', 'g', 'p', '', 'b', 'genesis');
  state = new RedisState();
  state.change({ kind: 'added', key: log, findRecord: ['1-0', ['m', 'g', 'p', '', 'b', 'genesis']] });
});

const field = (key: string, name: string): string => String(state.readField(key, name) ?? '');

async function append(...args: string[]): Promise<readonly [unknown, unknown]> {
  return [runAppend(state, [log], args), await client.eval(appendScript, 1, log, ...args)];
}

async function save(...args: string[]): Promise<readonly [unknown, unknown]> {
  const keys = [log, snapshots, snapshot(args[2] ?? ''), snapshot(args[3] ?? ''), snapshot(args[4] ?? '')];
  return [runSave(state, keys, args), await client.eval(saveScript, keys.length, ...keys, ...args)];
}

async function trim(...args: string[]): Promise<readonly [unknown, unknown]> {
  return [runTrim(state, [log, snapshots], args), await client.eval(trimScript, 2, log, snapshots, ...args)];
}

/** The id and mark of a record in the stream, or sometimes a pair that is not in it. */
function anchor(random: SeededRandom): [string, string] {
  const records = state.recordsAfter(log, '0-0', Infinity);
  const [id, fields] = (random.chance(0.7) ? records.at(-1) : random.pick(records)) ?? ['1-0', []];
  if (random.chance(0.1)) return [id, 'another'];
  if (random.chance(0.05)) return ['9-9', fields[1] ?? ''];
  return [id, fields[1] ?? ''];
}

async function anything(random: SeededRandom, call: number): Promise<readonly [unknown, unknown]> {
  const newest = state.newestRecord(log)?.[0] ?? '1-0';
  const epoch = Number(newest.slice(0, newest.indexOf('-'))) + (random.pick([-1, 0, 0, 0, 0, 1]) ?? 0);
  const place = anchor(random)[0];
  const [a, b] = [field(snapshots, 'a'), field(snapshots, 'b')];
  switch (random.below(10)) {
    case 0:
      return await append('begin', String(epoch), ...anchor(random), `m${call}`, 'epoch');
    case 1:
      return await save(...anchor(random), place, a, random.chance(0.1) ? '1-0' : b, `text ${call}`, `sha ${call}`);
    case 2:
      return await trim(...anchor(random), place);
    default: {
      const records = Array.from({ length: random.between(1, 3) }, (_, n) => [`m${call}.${n}`, `body ${call}.${n}`]);
      return await append('append', String(epoch), ...anchor(random), ...records.flat());
    }
  }
}

describe('The simulated scripts', () => {
  it.each([1, 2, 3])(
    'answer as the real ones in a real Redis, and leave the same data (seed %i)',
    async seed => {
      const random = new SeededRandom(seed);
      const answers = new Map<unknown, number>();
      for (let call = 0; call < CALLS; call += 1) {
        const [simulated, real] = await anything(random, call);
        expect([call, simulated]).toEqual([call, real]);
        answers.set(real, (answers.get(real) ?? 0) + 1);
        // Redis trims whole blocks only. The test trims the rest, so that both continue with the same records.
        if (real === 'trimmed') await client.xtrim(log, 'MINID', state.firstRecord(log)?.[0] ?? '0-0');
        const last = await client.xrevrange(log, '+', '-', 'COUNT', COMPARED);
        expect(last.reverse()).toEqual(state.recordsAfter(log, '0-0', Infinity).slice(-COMPARED));
        expect(await client.hgetall(snapshots)).toEqual(state.hash(snapshots));
        for (const pointer of ['a', 'b']) {
          const id = field(snapshots, pointer);
          if (id !== '') expect(await client.hgetall(snapshot(id))).toEqual(state.hash(snapshot(id)));
        }
      }
      expect(await client.xrange(log, '-', '+')).toEqual(state.recordsAfter(log, '0-0', Infinity));
      const wanted = ['ok', 'fenced', 'unbegun', 'rewritten', 'saved', 'overtaken', 'trimmed'];
      expect([...answers.keys()]).toEqual(expect.arrayContaining(wanted));
    },
    60_000,
  );
});
