import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ClusterLog, HEARTBEAT_MS } from '../../../src/cluster/cluster-log.js';
import { encodeBatch } from '../../../src/cluster/record-format.js';
import { shardOf, shardOwner } from '../../../src/cluster/shard-placement.js';
import { FOLLOW_MS, LINGER_MS, REACH_MS } from '../../../src/cluster/shard-subscription.js';
import { BEATS_UNTIL_LOST } from '../../../src/core/index.js';
import { goodbye, joined, newcomer, rulesOf } from '../core/reference/entries.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { createClusterLog } from './shard-fixture.js';
import { SharedStream, SharedStreamEnd } from './shared-stream.js';

const SHARDS = 8;
const TURN_MS = 100;

let clock: FakeClock;
let streams: SharedStream[];
/** The failures that servers report, and the groups that they unload. */
let said: string[];

beforeEach(() => {
  clock = new FakeClock();
  streams = Array.from({ length: SHARDS }, () => new SharedStream());
  said = [];
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

interface EnteredLog {
  readonly log: ClusterLog;
  /** One `kind group` for each applied entry. */
  readonly performed: string[];
}

async function enter(server: string): Promise<EnteredLog> {
  const performed: string[] = [];
  const ends = streams.map(stream => new SharedStreamEnd(stream));
  const log = createClusterLog(server, clock, ends, {
    settings: { since: clock.wallMs() },
    listener: {
      onUnusable: (_, reason) => said.push(`${server}: ${reason}`),
      onPendingTimers: ({ group }) => performed.push(`recalled ${group}`),
      onIncarnationEnd: why => said.push(`${server} is over: ${JSON.stringify(why)}`),
    },
  });
  log.onApplied(entry => performed.push(entry.kind === 'frozen' ? 'frozen' : `${entry.kind} ${entry.group}`));
  log.onGroupsUnloaded(groups => said.push(...groups.map(({ name }) => `${server} unloads ${name}`)));
  const entering = log.join();
  for (let count = 0; count < 10; count += 1) await pass(0);
  await entering;
  return { log, performed };
}

/** The number of followers of each stream. */
const followers = (): number[] => streams.map(({ followers: { size } }) => size);

/** Finds a group whose shard `keeper` owns and that is not in the register. */
function groupKeptBy(keeper: string, servers: readonly string[]): string {
  for (let number = 0; number < 1000; number += 1) {
    const shard = shardOf(`g${number}`, SHARDS);
    if (shard !== 0 && shardOwner(shard, servers) === keeper) return `g${number}`;
  }
  throw new Error(`${keeper} owns no shard`);
}

async function reach({ log }: EnteredLog, group: string): Promise<string> {
  let outcome = 'waiting';
  log.acquireGroup(group, reached => (outcome = reached));
  await pass(0);
  await pass(0);
  return outcome;
}

const join = (group: string, id: string, session: string): ReturnType<typeof joined> =>
  joined(id, { group, newcomer: newcomer(id, { session }) });

describe('the shards that a server follows', () => {
  it('are all shards for a single server; with several servers, the register and those it owns', async () => {
    const one = await enter('one');
    expect([one.log.shardsFollowed, followers()]).toEqual([SHARDS, Array(SHARDS).fill(1)]);
    const two = await enter('two');
    const three = await enter('three');
    await pass(LINGER_MS + 2 * HEARTBEAT_MS);
    const servers = ['one', 'two', 'three'];
    for (const [index, { log }] of [one, two, three].entries()) {
      const kept = streams.filter((_, shard) => shard === 0 || shardOwner(shard, servers) === servers[index]);
      expect(log.shardsFollowed).toBe(kept.length);
      expect(log.isCurrent()).toBe(true);
    }
    expect(followers()).toEqual([3, ...Array<number>(SHARDS - 1).fill(1)]);
  });

  it('include one more while a member at this server needs it, and for LINGER_MS afterwards', async () => {
    const [one, two] = [await enter('one'), await enter('two')];
    const group = groupKeptBy('one', ['one', 'two']);
    one.log.append(join(group, 'a', 'one/s1'));
    await pass(LINGER_MS + 2 * HEARTBEAT_MS);
    const before = two.log.shardsFollowed;
    expect(two.log.groups.get(group)).toBeUndefined();
    expect(await reach(two, group)).toBe('reached');
    expect([two.log.shardsFollowed, two.log.groups.get(group)?.roster.size]).toEqual([before + 1, 1]);
    two.log.append(join(group, 'b', 'two/s1'));
    await pass(HEARTBEAT_MS);
    expect(one.log.groups.get(group)?.roster.size).toBe(2);
    await pass(2 * LINGER_MS);
    expect(two.log.shardsFollowed).toBe(before + 1);
    two.log.append(goodbye('b', { group, session: 'two/s1' }));
    two.log.releaseGroup(group);
    await pass(LINGER_MS - 2 * HEARTBEAT_MS);
    expect(two.log.shardsFollowed).toBe(before + 1);
    await pass(4 * HEARTBEAT_MS);
    expect([two.log.shardsFollowed, two.log.groups.get(group), said]).toEqual([
      before,
      undefined,
      [`two unloads ${group}`],
    ]);
    expect(
      one.log.groups
        .get(group)
        ?.roster.slice()
        .map(({ id }) => id),
    ).toEqual(['a']);
    // The server keeps its resume point while it cannot reach the stream again.
    const shard = shardOf(group, SHARDS);
    const { resumePoint } = two.log;
    expect(resumePoint[shard]).toMatchObject({ server: 'two', last: { mark: 'm' } });
    const stream = streams[shard];
    if (stream !== undefined) stream.fault = 'away';
    expect(await reach(two, group)).toBe('waiting');
    expect(two.log.resumePoint).toEqual(resumePoint);
    if (stream !== undefined) stream.fault = undefined;
    await pass(HEARTBEAT_MS);
    // The server returns under the same name as often as it needs the shard.
    expect(await reach(two, group)).toBe('reached');
    two.log.append(join(group, 'c', 'two/s2'));
    await pass(HEARTBEAT_MS);
    expect(
      one.log.groups
        .get(group)
        ?.roster.slice()
        .map(({ id }) => id),
    ).toEqual(['a', 'c']);
  });

  it('stay followed while a member has its session here, or until their new owner has started', async () => {
    const one = await enter('one');
    const group = groupKeptBy('two', ['one', 'two']);
    one.log.append(join(group, 'a', 'one/s1'));
    const free = groupKeptBy('two', ['one', 'two']);
    const shard = streams[shardOf(free, SHARDS)];
    if (shard === undefined) throw new Error('no such shard');
    shard.fault = 'not now';
    const ends = streams.map(stream => new SharedStreamEnd(stream));
    const two = createClusterLog('two', clock, ends);
    await expect(Promise.all([two.join(), pass(HEARTBEAT_MS)])).rejects.toMatchObject({ fault: 'unavailable' });
    await pass(LINGER_MS + 2 * HEARTBEAT_MS);
    expect(one.log.groups.get(group)?.roster.size).toBe(1);
    expect(shard.followers.size).toBe(1);
  });

  it('are reported unreachable after REACH_MS to a join and after FOLLOW_MS to a read; later they work again', async () => {
    const [, two] = [await enter('one'), await enter('two')];
    const group = groupKeptBy('one', ['one', 'two']);
    const shard = streams[shardOf(group, SHARDS)];
    if (shard === undefined) throw new Error('no such shard');
    shard.fault = 'away';
    const outcomes: string[] = [];
    two.log.acquireGroup(group, reached => outcomes.push(reached));
    void two.log.followGroup(group).then(() => outcomes.push('looked'));
    await pass(FOLLOW_MS - TURN_MS);
    expect(outcomes).toEqual([]);
    await pass(TURN_MS);
    expect(outcomes).toEqual(['looked']);
    await pass(REACH_MS - FOLLOW_MS);
    expect(outcomes).toEqual(['looked', 'unreachable']);
    expect(new Set(said)).toEqual(new Set(['two: away']));
    shard.fault = undefined;
    await pass(2 * HEARTBEAT_MS);
    expect(await reach(two, group)).toBe('reached');
    expect(two.log.isCurrent()).toBe(true);
  });

  it('have another owner after theirs is lost, and that owner reports the loss without waiting again', async () => {
    const [one, two] = [await enter('one'), await enter('two')];
    const group = groupKeptBy('two', ['one', 'two']);
    await pass(LINGER_MS + 2 * HEARTBEAT_MS);
    expect(await reach(two, group)).toBe('reached');
    two.log.append(join(group, 'a', 'two/s1'));
    await pass(HEARTBEAT_MS);
    expect(one.log.groups.get(group)).toBeUndefined();
    // This simulates a kill: the server sends nothing after it.
    await two.log.close();
    await pass((BEATS_UNTIL_LOST + 1) * HEARTBEAT_MS);
    expect(one.log.servers.map(({ id }) => id)).toEqual(['one']);
    const [member] = one.log.groups.get(group)?.roster.slice() ?? [];
    expect([member?.id, member?.presence.kind]).toEqual(['a', 'away']);
    expect(one.performed).toContain(`server-gone ${group}`);
  });

  it('are released one by one when a server leaves, the register last', async () => {
    const [one, two] = [await enter('one'), await enter('two')];
    const group = groupKeptBy('two', ['one', 'two']);
    expect(await reach(two, group)).toBe('reached');
    two.log.append(join(group, 'a', 'two/s1'));
    await pass(HEARTBEAT_MS);
    const leaving = two.log.leave();
    await pass(2 * HEARTBEAT_MS);
    await leaving;
    expect(one.log.servers.map(({ id }) => id)).toEqual(['one']);
    await pass(HEARTBEAT_MS);
    const [member] = one.log.groups.get(group)?.roster.slice() ?? [];
    expect([member?.presence.kind, one.log.groups.get(group)?.history.last(1)[0]?.cause.reason]).toEqual([
      'away',
      'SERVER_LEFT',
    ]);
  });

  it('remember 1,000 departed servers, and forget the oldest past that (GONE_MAX)', async () => {
    await enter('one');
    const [register, other] = streams;
    const come = (server: string, n: number): string =>
      encodeBatch(server, n, [JSON.stringify({ kind: 'server-up', at: 1, since: 1, name: server, rules: rulesOf() })]);
    const go = (server: string): string => encodeBatch(server, 2, ['{"kind":"server-left","at":1}']);
    const names = Array.from({ length: 1001 }, (_, number) => `s${number}`);
    register?.add(names.flatMap(server => [come(server, 1), go(server)]));
    // The first two of them are still registered in another shard when the register changes.
    other?.add([come('s0', 1), come('s1', 1)]);
    register?.add([come('another', 1)]);
    await pass(0);
    await pass(0);
    const declared = other?.records.map(({ body }) => /"server":"(s\d)","evidence":"register"/.exec(body)?.[1]);
    expect(declared?.filter(server => server !== undefined)).toEqual(['s1']);
  });
});
