import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BlockedShard } from '../../../src/cluster/blocked/blocked-shard.js';
import { describeException } from '../../../src/cluster/blocked/blocked-shard.js';
import { BLOCKED_RETRY_MS, BlockedWait } from '../../../src/cluster/blocked/blocked-wait.js';
import { findBlockingEntry } from '../../../src/cluster/blocked/shard-trial.js';
import { logFormats } from '../../../src/cluster/formats/log-format.js';
import { encodeBatch, encodeRecord } from '../../../src/cluster/record-format.js';
import type { ShardReplica } from '../../../src/cluster/shard-replica.js';
import { StreamError } from '../../../src/cluster/stream-error.js';
import type { SnapshotCheck, StreamListener, StreamSnapshot } from '../../../src/cluster/stream-port.js';
import { Coordinator, type Entry, type ServerEntry } from '../../../src/core/index.js';
import { joined, newcomer, rulesOf } from '../core/reference/entries.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { createClusterLog, createReplica } from './shard-fixture.js';
import { SharedStream, SharedStreamEnd } from './shared-stream.js';

const batch = (from: string, n: number, ...entries: (Entry | ServerEntry | object)[]): string =>
  encodeBatch(
    from,
    n,
    entries.map(entry => JSON.stringify(entry)),
  );
const up = { kind: 'server-up', at: 1, name: 'other', since: 1, rules: rulesOf() };
const unknown = { kind: 'seat-swapped', group: 'default', at: 1 };
const join = (id: string): Entry => joined(id, { newcomer: newcomer(id, { session: `other/${id}` }) });

let clock: FakeClock;
let stream: SharedStream;
let ends: unknown[];
let applied: string[];

beforeEach(() => {
  [clock, stream, ends, applied] = [new FakeClock(), new SharedStream(), [], []];
});

/** Waits until the promises and the timers that are due have settled. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await setImmediate();
    clock.pass(0);
  }
}

async function joinedReplica(onApplied?: (entry: Entry) => void): Promise<ShardReplica> {
  const replica = createReplica('own', clock, new SharedStreamEnd(stream), {
    listener: {
      onApplied: entry => {
        onApplied?.(entry);
        applied.push(entry.kind);
      },
      onIncarnationEnd: why => ends.push(why),
    },
  });
  void replica.join();
  await settle();
  return replica;
}

describe('a replica that cannot apply an entry', () => {
  it('stops before an entry of an unknown kind, names it once, and applies nothing of its record or after it', async () => {
    const replica = await joinedReplica();
    const before = replica.position;
    stream.add([batch('other', 1, up, join('a'), unknown, join('b')), batch('other', 2, join('c'))]);
    expect(ends).toEqual([{ kind: 'blocked', record: '1-2', entry: 2, reason: 'the kind "seat-swapped" is unknown' }]);
    expect([applied, replica.position, replica.isCurrent]).toEqual([[], before, false]);
  });

  it.each([
    ['a record of another version', '{"v":3,"kind":"parcel"}', undefined],
    ['text', 'text', undefined],
    ['an entry without a field', batch('other', 1, up, { ...join('a'), newcomer: undefined }), 1],
  ])('stops at %s', async (_, body, entry) => {
    await joinedReplica();
    stream.add([body]);
    expect(ends).toMatchObject([{ kind: 'blocked', record: '1-2', entry }]);
  });

  it('stops at an exception while it applies an entry, and names the entry', async () => {
    await joinedReplica(entry => {
      if (entry.kind === 'joined' && entry.newcomer.id === 'b') throw new TypeError('no seat "of a secret"');
    });
    stream.add([batch('other', 1, up, join('a'), join('b'), join('c'))]);
    expect(ends).toMatchObject([{ kind: 'blocked', record: '1-2', entry: 2 }]);
    expect(JSON.stringify(ends)).toMatch(/TypeError: no seat at /);
    expect(JSON.stringify(ends)).not.toMatch(/secret/);
    expect(applied).toEqual(['joined']);
  });

  it('stops at an exception of the core, and does not throw when it reads up', async () => {
    stream.add(['{"v":1,"kind":"genesis","epochLast":0,"rules":{}}', batch('other', 1, up)]);
    const core = jest.spyOn(Coordinator.prototype, 'adoptLimits').mockImplementation(() => {
      throw new RangeError('limit');
    });
    await joinedReplica();
    core.mockRestore();
    expect(ends).toMatchObject([{ kind: 'blocked', record: '1-1', entry: undefined }]);
    // The next attempt does not fail: this server may join.
    expect(await trial()).toBeUndefined();
  });

  it.each(['onGroupLoaded', 'onPendingTimers'] as const)(
    'rejects the join at an exception while it takes over the state (%s)',
    async listener => {
      const entry = join('a');
      const away = {
        kind: 'departed',
        group: 'default',
        at: 1,
        member: 'a',
        session: 'other/a',
        how: 'lost',
        reason: 'x',
      };
      const limits = { ...rulesOf(), graceMs: 1000, graceLeaderMs: 1000 };
      stream.add([
        encodeRecord({ kind: 'genesis', epochLast: 0, rules: limits }),
        batch('other', 1, { ...up, rules: limits }, entry, away),
      ]);
      const fail = (): never => {
        throw new RangeError('broken');
      };
      const log = createClusterLog('own', clock, [new SharedStreamEnd(stream)], {
        listener: {
          onIncarnationEnd: why => ends.push(why),
          ...(listener === 'onPendingTimers' ? { [listener]: fail } : {}),
        },
      });
      if (listener === 'onGroupLoaded') log.onGroupLoaded(fail);
      const joining = log.join().catch((error: unknown) => error);
      await settle();
      expect(await joining).toMatchObject({ name: 'BlockedError' });
      expect(ends).toMatchObject([{ kind: 'blocked', shard: 0, entry: undefined }]);
      expect(JSON.stringify(ends)).toContain('RangeError: broken');
    },
  );

  it('rejects the join of the whole server with the index of the shard', async () => {
    stream.add(['{"v":1,"kind":"genesis","epochLast":0,"rules":{}}', '{"v":7}']);
    const log = createClusterLog('own', clock, [new SharedStreamEnd(stream)], {
      listener: { onIncarnationEnd: why => ends.push(why) },
    });
    const blocked = { kind: 'blocked', shard: 0, record: '1-1', entry: undefined };
    await expect(log.join()).rejects.toMatchObject({ name: 'BlockedError', blocked });
    expect(ends).toMatchObject([blocked]);
  });
});

async function trial(end: SharedStreamEnd = new SharedStreamEnd(stream)): Promise<unknown> {
  const settings = {
    server: 'trial',
    name: 'trial',
    since: 0,
    rules: rulesOf(),
    epochLast: 0,
    holdsUntilAcked: true,
    formats: logFormats,
  };
  return await findBlockingEntry(settings, clock, end);
}

/** The end of a stream with snapshots, newest first. */
class SnapshotEnd extends SharedStreamEnd {
  readonly #snapshots: readonly StreamSnapshot[];
  readonly #stream: SharedStream;

  constructor(shared: SharedStream, snapshots: readonly StreamSnapshot[]) {
    super(shared);
    this.#stream = shared;
    this.#snapshots = snapshots;
  }

  override async open(
    listener: StreamListener,
    _: string,
    findFault?: SnapshotCheck,
  ): Promise<{ snapshot: undefined }> {
    await setImmediate();
    const snapshot = this.#snapshots.find(each => findFault?.(each) === undefined);
    if (snapshot === undefined) throw new StreamError('lost', 'no snapshot covers the records before');
    const { seq } = snapshot.position;
    this.listener = listener;
    this.#stream.followers.add(this);
    queueMicrotask(() => this.deliverRecords(this.#stream.records.slice(seq + 1)));
    return { snapshot } as never;
  }
}

describe('the trial of a shard', () => {
  const snapshotOf = (seq: number, v: number): StreamSnapshot => ({
    position: { epoch: 1, seq },
    text: JSON.stringify({
      v,
      rules: rulesOf(),
      servers: [],
      coordinator: { epochLast: 0, frozen: false, groups: [] },
    }),
  });

  beforeEach(() => {
    stream.add(['{"v":1,"kind":"genesis","epochLast":0,"rules":{}}', batch('other', 1, up, unknown)]);
  });

  it('finds the entry again, and appends nothing', async () => {
    expect(await trial()).toMatchObject({ kind: 'blocked', record: '1-1', entry: 1 });
    expect(stream.records).toHaveLength(2);
  });

  it('passes when a snapshot contains the entry', async () => {
    expect(await trial(new SnapshotEnd(stream, [snapshotOf(0, 1)]))).toMatchObject({ record: '1-1' });
    expect(await trial(new SnapshotEnd(stream, [snapshotOf(1, 1), snapshotOf(0, 1)]))).toBeUndefined();
  });

  it('takes the earlier snapshot if it cannot read the newest one', async () => {
    const found = await trial(new SnapshotEnd(stream, [snapshotOf(1, 3), snapshotOf(0, 1)]));
    expect(found).toMatchObject({ record: '1-1', entry: 1 });
  });

  it.each([
    ['a later format', snapshotOf(1, 3)],
    ['no JSON', { position: { epoch: 1, seq: 1 }, text: '{"v":1' }],
    ['a group that cannot be restored', { position: { epoch: 1, seq: 1 }, text: '{"v":1,"servers":[],"rules":{}}' }],
  ])('names the snapshot if all have %s, and does not report a lost order', async (_, snapshot) => {
    expect(await trial(new SnapshotEnd(stream, [snapshot]))).toMatchObject({
      kind: 'blocked',
      record: '1-1',
      reason: expect.stringContaining('snapshot'),
    });
  });
});

describe('the wait of a blocked server', () => {
  const blocked: BlockedShard = { kind: 'blocked', shard: 3, record: '1-1', entry: 1, reason: 'unknown' };
  let found: BlockedShard | undefined | Error;
  let reports: BlockedShard[];
  let trials: number;
  let wait: BlockedWait;

  beforeEach(() => {
    [found, reports, trials] = [blocked, [], 0];
    wait = new BlockedWait({
      clock,
      findBlocked: async () => {
        trials += 1;
        return found instanceof Error ? await Promise.reject(found) : await Promise.resolve(found);
      },
      onBlocked: each => reports.push(each),
    });
  });

  const pass = async (ms: number): Promise<void> => {
    clock.pass(ms);
    await settle();
  };

  it('tries again after 1 s, 2 s and so on up to 30 s, and reports the same entry once', async () => {
    wait.block(blocked);
    let passed = false;
    void wait.waitUntilPassable().then(() => (passed = true));
    for (const delayMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = trials;
      await pass(delayMs - 1);
      expect(trials).toBe(before);
      await pass(1);
      expect(trials).toBe(before + 1);
    }
    expect([reports, passed]).toEqual([[blocked], false]);
    found = undefined;
    await pass(BLOCKED_RETRY_MS.longest);
    expect([reports, passed]).toEqual([[blocked], true]);
  });

  it('tries later each time while the server is blocked again before it has joined', async () => {
    found = undefined;
    for (const delayMs of [1000, 2000, 4000]) {
      wait.block(blocked);
      let passed = false;
      void wait.waitUntilPassable().then(() => (passed = true));
      await pass(delayMs - 1);
      expect(passed).toBe(false);
      await pass(1);
      expect(passed).toBe(true);
    }
    wait.clear();
    wait.block(blocked);
    void wait.waitUntilPassable();
    await pass(1000);
    expect([trials, reports.length]).toEqual([4, 2]);
  });

  it('reports another entry that blocks it next', async () => {
    wait.block(blocked);
    void wait.waitUntilPassable();
    found = { ...blocked, entry: 7 };
    await pass(1000);
    expect(reports.map(({ entry }) => entry)).toEqual([1, 7]);
  });

  it('continues while Redis does not answer', async () => {
    wait.block(blocked);
    void wait.waitUntilPassable();
    found = new StreamError('unavailable', 'no answer');
    await pass(1000);
    await pass(2000);
    expect([trials, reports]).toEqual([2, [blocked]]);
  });

  it('ends when the server stops, and does not begin for a server that is not blocked', async () => {
    await wait.waitUntilPassable();
    wait.block(blocked);
    const ended = wait.waitUntilPassable();
    wait.stop();
    await ended;
    expect(trials).toBe(0);
  });
});

it('an exception is described without the values that its message quotes', () => {
  expect(describeException(new Error('unhandled case: {"payload":"secret"}'))).toMatch(/^Error: unhandled case: at /);
  expect(describeException('secret')).toBe('an exception that is not an Error');
});
