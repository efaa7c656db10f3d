import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Position } from '../../../src/cluster/stream-position.js';
import { numbered, type OpenShard, Reading, standing, StreamFixture } from './stream-fixture.js';

/** Snapshots: the state from which a server starts that joins later. */

jest.setTimeout(30_000);

let fixture: StreamFixture;
let open: OpenShard;
let client: Redis;
let url: string;
beforeEach(async () => {
  fixture = new StreamFixture();
  ({ url } = await fixture.redis());
  client = fixture.client(url);
  open = await fixture.openShard(url);
  for (const body of numbered('body', 10)) await open.shard.append([body], 1);
  await open.reading.untilTold('body-9');
});
afterEach(() => fixture.dispose());

const at = (seq: number): Position => ({ epoch: 1, seq });
const key = (seq: number): string => `rankd:{s00}:snap:1-${seq}`;

async function start(): Promise<{
  text: string | undefined;
  seq: number | undefined;
  reading: Reading;
  warnings: string[];
}> {
  const { store, warnings } = fixture.store(url);
  await store.prepare({ clusterId: 'cluster' });
  const reading = new Reading();
  const { snapshot } = await store.shard(0).open(reading, 'genesis');
  return {
    text: snapshot?.text,
    seq: snapshot?.position.seq,
    reading,
    warnings: warnings.filter(each => each.includes('snap')),
  };
}

async function flip(id: string): Promise<void> {
  const deflated = (await client.hgetBuffer(id, 'deflated')) ?? Buffer.alloc(0);
  const middle = deflated.length >> 1;
  deflated[middle] = (deflated[middle] ?? 0) ^ 1;
  await client.hset(id, 'deflated', deflated);
}

it('a server starts from the newest snapshot and reads the records after it', async () => {
  await open.shard.saveSnapshot(at(3), 'state of 3');
  await open.shard.saveSnapshot(at(7), 'state of 7 é');
  const { text, seq, reading } = await start();
  expect({ text, seq }).toEqual({ text: 'state of 7 é', seq: 7 });
  await reading.untilTold('body-9');
  expect(reading.ids).toEqual(['1-8', '1-9', '1-10']);
});

it('the two newest are kept; one older than the newest is rejected', async () => {
  for (const seq of [2, 5, 4, 5, 9]) await open.shard.saveSnapshot(at(seq), `state of ${seq}`);
  expect(await client.hgetall('rankd:{s00}:snap')).toEqual({ a: '1-9', b: '1-5' });
  expect((await client.keys('rankd:{s00}:snap:*')).sort()).toEqual([key(5), key(9)]);
});

it('K11: instead of a snapshot with a flipped bit the one before is used, with a warning', async () => {
  await open.shard.saveSnapshot(at(3), 'state of 3');
  await open.shard.saveSnapshot(at(7), 'state of 7');
  await flip(key(7));
  const { text, reading, warnings } = await start();
  expect(text).toBe('state of 3');
  await reading.untilTold('body-9');
  expect(reading.ids[0]).toBe('1-4');
  expect(warnings).toEqual([expect.stringContaining('its hash does not match')]);
});

it('K11: without a valid snapshot the whole stream is read; if it was trimmed, it is reported as lost', async () => {
  await open.shard.saveSnapshot(at(3), 'state of 3');
  await open.shard.saveSnapshot(at(7), 'state of 7');
  await flip(key(7));
  await client.del(key(3));
  const { text, reading } = await start();
  expect(text).toBeUndefined();
  await reading.untilTold('body-9');
  expect(reading.bodies).toEqual(['genesis', ...numbered('body', 10)]);
  await client.xtrim('rankd:{s00}:log', 'MINID', '1-2');
  await expect(start()).rejects.toMatchObject({ fault: 'lost', message: expect.stringContaining('begins at 1-2') });
});

it('a snapshot of another history is not used, and is replaced by the next one', async () => {
  await open.shard.saveSnapshot(at(3), 'state of 3');
  await open.shard.saveSnapshot(at(7), 'state of 7');
  await client.hset(key(7), 'mark', 'of another history');
  const { text, warnings } = await start();
  expect(text).toBe('state of 3');
  expect(warnings).toEqual([expect.stringContaining('the stream does not have its last record (rewritten)')]);
  await open.shard.saveSnapshot(at(5), 'state of 5');
  expect((await start()).text).toBe('state of 5');
  expect(await client.hgetall('rankd:{s00}:snap')).toEqual({ a: '1-5', b: '1-3' });
  expect(await client.exists(key(7))).toBe(0);
});

it('a server that has read another history saves nothing and trims nothing', async () => {
  await open.shard.saveSnapshot(at(3), 'state of 3');
  await open.shard.saveSnapshot(at(7), 'state of 7');
  await client.xtrim('rankd:{s00}:log', 'MAXLEN', '0');
  await expect(open.shard.saveSnapshot(at(9), 'state of 9')).rejects.toMatchObject({ fault: 'unavailable' });
  await expect(open.shard.trim(at(9))).rejects.toMatchObject({ fault: 'unavailable' });
  expect(await client.hget('rankd:{s00}:snap', 'a')).toBe('1-7');
});

it('a state that has not been read yet cannot be saved', async () => {
  await expect(open.shard.saveSnapshot(at(11), 'x')).rejects.toThrow(RangeError);
});

it('no record after the older of two snapshots is trimmed', async () => {
  const many = numbered('many', 256);
  for (let time = 0; time < 8; time += 1) await open.shard.append(many, 1);
  const lastSeq = 10 + 8 * 256;
  await open.reading.untilRead(lastSeq + 1);
  await open.shard.trim(at(lastSeq));
  await open.shard.saveSnapshot(at(1000), 'older');
  await open.shard.trim(at(lastSeq));
  expect(await client.xlen('rankd:{s00}:log')).toBe(lastSeq + 1);

  await open.shard.saveSnapshot(at(1500), 'newer');
  await open.shard.trim(at(lastSeq));
  const [first] = await client.xrange('rankd:{s00}:log', '-', '+', 'COUNT', 1);
  const firstSeq = Number(first?.[0].split('-')[1]);
  expect(firstSeq).toBeGreaterThan(0);
  expect(firstSeq).toBeLessThanOrEqual(1000);
  await flip(key(1500));
  const { text, reading } = await start();
  expect(text).toBe('older');
  await reading.untilTold('many-255');
  expect(reading.ids[0]).toBe('1-1001');
  expect((await standing(client)).length).toBe(lastSeq - firstSeq + 1);
});
