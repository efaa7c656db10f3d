import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ClusterLog, HEARTBEAT_MS } from '../../../src/cluster/cluster-log.js';
import type { ClusterResumePoint, ShardResumePoint } from '../../../src/cluster/lost-history/resume-point.js';
import { HISTORY_CHECK_MS } from '../../../src/cluster/lost-history/check-histories.js';
import { decodeSnapshot, encodeSnapshot } from '../../../src/cluster/record-format.js';
import { logFormats } from '../../../src/cluster/formats/log-format.js';
import { shardOf } from '../../../src/cluster/shard-placement.js';
import { Coordinator, ServerRegistry } from '../../../src/core/index.js';
import { joined, newcomer, rulesOf } from '../core/reference/entries.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { createClusterLog } from './shard-fixture.js';
import { SharedStream, SharedStreamEnd } from './shared-stream.js';

const SHARDS = 8;
const TURN_MS = 100;

/** A stream that may have lost the records that a server has read. */
class LossyEnd extends SharedStreamEnd {
  hasRecord = true;
  override containsRecord = async (): Promise<boolean> => await Promise.resolve(this.hasRecord);
}

interface Server {
  readonly log: ClusterLog;
  readonly ends: readonly LossyEnd[];
  /** Why its incarnation has ended. */
  readonly over: unknown[];
}

let clock: FakeClock;
let streams: SharedStream[];

beforeEach(() => {
  clock = new FakeClock();
  streams = Array.from({ length: SHARDS }, () => new SharedStream());
});

/** Advances the clock in small steps and runs everything that becomes due. */
async function pass(ms: number): Promise<void> {
  for (let leftMs = ms; leftMs >= 0; leftMs -= TURN_MS) {
    clock.pass(Math.min(TURN_MS, Math.max(leftMs, 0)));
    for (let turn = 0; turn < 8; turn += 1) {
      await setImmediate();
      clock.settle();
    }
  }
}

function create(server: string, resumePoint?: ClusterResumePoint): Server {
  const over: unknown[] = [];
  const ends = streams.map(stream => new LossyEnd(stream));
  const log = createClusterLog(server, clock, ends, {
    settings: { since: clock.wallMs() },
    listener: { onIncarnationEnd: why => over.push(why) },
    ...(resumePoint === undefined ? {} : { resumePoint }),
  });
  return { log, ends, over };
}

async function enter(server: Server): Promise<Server> {
  const entering = server.log.join();
  for (let count = 0; count < 10; count += 1) await pass(0);
  await entering;
  return server;
}

/** Returns a resume point in which this server has read a record of these shards. */
function pointIn(shards: readonly number[], point: Partial<ShardResumePoint> = {}): ClusterResumePoint {
  const last = { position: { epoch: 1, seq: 1_000_000 }, mark: 'gone' };
  const each: ShardResumePoint = { server: 'before', last, epochLast: 0, epochLost: 0, lastBatch: 9, ...point };
  return streams.map((_, index) => (shards.includes(index) ? each : undefined));
}

function groupIn(shard: number): string {
  for (let n = 0; ; n += 1) if (shardOf(`g${n}`, SHARDS) === shard) return `g${n}`;
}

/** Creates a group in each shard, with one member of the server. Returns the epoch of each group. */
async function createGroups({ log }: Server, server: string): Promise<number[]> {
  await pass(2 * HEARTBEAT_MS);
  for (const shard of streams.keys()) {
    const session = `${server}/s${shard}`;
    log.append(
      joined(`m${shard}`, { group: groupIn(shard), at: clock.wallMs(), newcomer: newcomer('m', { session }) }),
    );
  }
  await pass(HEARTBEAT_MS);
  return streams.map((_, shard) => log.groups.get(groupIn(shard))?.epoch ?? 0);
}

async function epochSeenBy({ log }: Server, shard: number): Promise<number> {
  log.acquireGroup(groupIn(shard), () => undefined);
  await pass(2 * HEARTBEAT_MS);
  return log.groups.get(groupIn(shard))?.epoch ?? 0;
}

describe('Lost history that a server notices in one shard', () => {
  it.each([0, 3])('makes the epochs of the groups of all shards rise: shard %i', async lost => {
    const one = await enter(create('one'));
    const before = await createGroups(one, 'one');
    expect(before.every(epoch => epoch > 0)).toBe(true);
    const two = create('two', pointIn([lost]));
    const end = two.ends[lost];
    if (end !== undefined) end.hasRecord = false;
    await enter(two);
    expect(one.over).toEqual(['rewritten']);
    for (const shard of streams.keys()) {
      expect(await epochSeenBy(two, shard)).toBeGreaterThan(Math.max(...before));
    }
  });

  it('makes the epochs rise in shards that another server enters later', async () => {
    const one = await enter(create('one'));
    const before = await createGroups(one, 'one');
    await one.log.close();
    const two = create('two', pointIn([0]));
    const [register] = two.ends;
    if (register !== undefined) register.hasRecord = false;
    await enter(two);
    await two.log.close();
    const three = await enter(create('three'));
    for (const shard of streams.keys()) {
      expect(await epochSeenBy(three, shard)).toBeGreaterThan(Math.max(...before));
    }
  });

  it('is reported by a server that notices it when it enters a shard, long after its join', async () => {
    const two = create('two', pointIn([3], { epochLast: 50_000 }));
    await enter(two);
    const end = two.ends[3];
    if (end !== undefined) end.hasRecord = false;
    const one = await enter(create('one'));
    const before = await createGroups(one, 'one');
    await epochSeenBy(two, 3);
    await pass(2 * HEARTBEAT_MS);
    expect(one.over.length + two.over.length).toBeGreaterThan(0);
    const three = await enter(create('three'));
    expect(await epochSeenBy(three, 5)).toBeGreaterThan(Math.max(...before));
  });

  it('is noticed again by no server that only returns after the report', async () => {
    const one = await enter(create('one'));
    await createGroups(one, 'one');
    const two = create('two', pointIn([0]));
    const [register] = two.ends;
    if (register !== undefined) register.hasRecord = false;
    await enter(two);
    const renewed = await epochSeenBy(two, 3);
    await one.log.close();
    const late = create('late', pointIn([0, 3], { epochLast: 1 }));
    for (const end of late.ends) end.hasRecord = false;
    await enter(late);
    expect([await epochSeenBy(late, 3), two.over]).toEqual([renewed, []]);
  });

  it('stays known until the join that reports it was read back', async () => {
    const two = create('two', pointIn([0], { epochLast: 70_000 }));
    const [register] = two.ends;
    if (register === undefined) throw new Error('there is no register');
    register.hasRecord = false;
    register.append = async () => await Promise.resolve({ kind: 'refused', reason: 'READONLY' });
    two.log.join().catch(() => undefined);
    await pass(HEARTBEAT_MS);
    expect(two.log.resumePoint[0]).toMatchObject({ last: { mark: 'gone' }, epochLast: 70_000 });
  });

  it('delays a join by at most HISTORY_CHECK_MS if a shard cannot be checked', async () => {
    const two = create('two', pointIn([3]));
    const end = two.ends[3];
    if (end === undefined) throw new Error('there is no shard 3');
    let answer: (hasRecord: boolean) => void = () => undefined;
    end.containsRecord = async () => await new Promise<boolean>(resolve => (answer = resolve));
    let state = 'joining';
    const joining = two.log.join().then(() => (state = 'joined'));
    await pass(HISTORY_CHECK_MS - TURN_MS);
    expect(two.log.shardsFollowed).toBe(0);
    await pass(2 * TURN_MS);
    expect(two.log.shardsFollowed).toBeGreaterThan(0);
    // Joining the shard itself checks it, and waits for the answer.
    expect(state).toBe('joining');
    end.containsRecord = async () => await Promise.resolve(true);
    answer(true);
    await pass(2 * HEARTBEAT_MS);
    await joining;
  });

  it('is known to a server that reads it from a snapshot', () => {
    const state = { registry: new ServerRegistry([], 1, 4711), coordinator: new Coordinator(rulesOf()) };
    expect(decodeSnapshot(encodeSnapshot(state, logFormats), logFormats).registry.epochLost).toBe(4711);
  });
});
