import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterFounding } from '../../../src/cluster/founding/cluster-founding.js';
import { decideFounding, type FoundingFacts } from '../../../src/cluster/founding/decide-founding.js';
import type { ServedState } from '../../../src/cluster/founding/served-state.js';
import { ServedCluster, STATE_WRITE_MS } from '../../../src/cluster/founding/served-cluster.js';
import type { ServerEvent } from '../../../src/server-event.js';
import { FakeClock } from '../gateway/fake-clock.js';

const facts = (some: Partial<FoundingFacts> = {}): FoundingFacts => ({
  served: undefined,
  stored: undefined,
  waiting: undefined,
  isAdopted: false,
  lookMs: 0,
  ...some,
});
const stored = (clusterId: string, ...replaces: string[]): FoundingFacts['stored'] => ({ clusterId, replaces });
const waiting = { clusterId: 'x', name: 'server-1' };

describe('A server that looks at Redis', () => {
  it.each<[string, Partial<FoundingFacts>, object]>([
    ['joins the cluster that it has served', { served: 'x', stored: stored('x') }, { kind: 'join', replaces: [] }],
    ['joins any cluster if it has served none', { stored: stored('x') }, { kind: 'join', replaces: [] }],
    ['joins a cluster that replaces its own', { served: 'x', stored: stored('y', 'w', 'x') }, { kind: 'join' }],
    ['creates a cluster on an empty Redis', {}, { kind: 'create', replaces: [] }],
    ['looks first if it cannot know whether there was one', { lookMs: 1 }, { kind: 'look' }],
    ['waits on an empty Redis if it has served a cluster', { served: 'x' }, { kind: 'wait', lost: 'x' }],
    ['waits if another server waits', { waiting }, { kind: 'wait', lost: 'x' }],
    ['waits while it would look, if another server waits', { waiting, lookMs: 1 }, { kind: 'wait', lost: 'x' }],
    ['waits if Redis has another cluster', { served: 'x', stored: stored('y') }, { kind: 'wait', lost: 'x' }],
    ['creates a cluster by decision', { served: 'x', isAdopted: true }, { kind: 'create', replaces: ['x'] }],
    ['creates one by decision for others', { waiting, isAdopted: true }, { kind: 'create', replaces: ['x'] }],
    [
      'joins another cluster by decision',
      { served: 'x', stored: stored('y'), isAdopted: true },
      { kind: 'join', replaces: ['x'] },
    ],
  ])('%s', (_, some, decision) => {
    expect(decideFounding(facts(some))).toMatchObject(decision);
  });

  it('names the lost cluster, who waits for it, and what to do', () => {
    const decision = decideFounding(facts({ waiting }));
    expect(decision).toMatchObject({
      reason: expect.stringMatching(
        /Redis has lost the order.*cluster x, for which the server server-1 waits: .*adopt/,
      ),
    });
  });
});

/** A Redis that servers share. Its keys can be lost. */
class SharedRedis {
  stored: { clusterId: string; replaces: readonly string[] } | undefined;
  waiting: { clusterId: string; name: string } | undefined;

  empty(): void {
    this.stored = undefined;
    this.waiting = undefined;
  }

  connect(): ConstructorParameters<typeof ClusterFounding>[2]['store'] {
    return {
      findCluster: async () =>
        await Promise.resolve({
          ...(this.stored === undefined ? {} : { stored: this.stored }),
          ...(this.stored !== undefined || this.waiting === undefined ? {} : { waiting: this.waiting }),
        }),
      prepare: async ({ clusterId, replaces }) => {
        this.stored ??= { clusterId, replaces };
        return await Promise.resolve({ clusterId: this.stored.clusterId, shards: 1, isNew: true });
      },
      showWaiting: async shown => {
        this.waiting = shown;
        await Promise.resolve();
      },
      forgetCluster: () => undefined,
      addReplacedClusters: async replaces => {
        if (this.stored !== undefined)
          this.stored = { ...this.stored, replaces: [...this.stored.replaces, ...replaces] };
        await Promise.resolve();
      },
    };
  }
}

describe('The servers of a lost cluster', () => {
  const LOOK_MS = 5000;
  let clock: FakeClock;
  let redis: SharedRedis;
  let reasons: string[];
  let created: number;

  beforeEach(() => {
    clock = new FakeClock();
    redis = new SharedRedis();
    reasons = [];
    created = 0;
  });

  function start(name: string, served?: string, lookMs = LOOK_MS): ClusterFounding {
    return new ClusterFounding(served, lookMs, {
      clock,
      store: redis.connect(),
      identity: { name, createId: () => `cluster-${(created += 1)}` },
      watch: event => {
        if (event.event === 'cluster.adopted') reasons.push(`${name} replaces ${event.lost} by ${event.cluster}`);
        else if ('reason' in event) reasons.push(`${name} ${event.event}: ${event.reason}`);
      },
      onWait: reason => reasons.push(`${name} waits: ${reason}`),
    });
  }

  it('wait on an emptied Redis until an operator decides at one of them, and then all join the same cluster', async () => {
    const [one, two] = [start('one', undefined, 0), start('two', undefined, 0)];
    expect([await one.findCluster(), await two.findCluster()]).toEqual(['cluster-1', 'cluster-1']);
    redis.empty();
    expect([await one.findCluster(), await two.findCluster(), one.adopt() && two.reason]).toEqual([
      undefined,
      undefined,
      expect.stringContaining('cluster-1'),
    ]);
    expect(await one.findCluster()).toBe('cluster-3');
    expect(await two.findCluster()).toBe('cluster-3');
    expect([one.reason, two.reason, one.adopt()]).toEqual([undefined, undefined, false]);
    // The decision was for one loss only.
    redis.empty();
    expect(await one.findCluster()).toBeUndefined();
  });

  it('are found by a server that starts on the emptied Redis, which keeps waiting when they end', async () => {
    const one = start('one', 'lost');
    expect(await one.findCluster()).toBeUndefined();
    const fresh = start('fresh');
    expect(await fresh.findCluster()).toBeUndefined();
    redis.waiting = undefined;
    clock.pass(10 * LOOK_MS);
    expect([await fresh.findCluster(), redis.stored]).toEqual([undefined, undefined]);
    expect(fresh.adopt()).toBe(true);
    expect(await fresh.findCluster()).toBe('cluster-1');
    expect(await one.findCluster()).toBe('cluster-1');
  });

  it('are looked for during RANKD_REFORM_MS before a server creates a cluster, with one line of log', async () => {
    const fresh = start('fresh');
    expect([await fresh.findCluster(), fresh.adopt()]).toEqual([undefined, false]);
    clock.pass(LOOK_MS - 1);
    expect(await fresh.findCluster()).toBeUndefined();
    clock.pass(1);
    expect(await fresh.findCluster()).toBe('cluster-1');
    expect(reasons).toEqual([expect.stringContaining('fresh cluster.looking: Redis is empty')]);
  });

  it('log each reason once, and join again when the lost cluster returns', async () => {
    const one = start('one', 'lost');
    for (let look = 0; look < 3; look += 1) expect(await one.findCluster()).toBeUndefined();
    redis.stored = { clusterId: 'other', replaces: [] };
    for (let look = 0; look < 3; look += 1) expect(await one.findCluster()).toBeUndefined();
    expect(reasons).toEqual([
      expect.stringContaining('it is empty'),
      expect.stringContaining('it has cluster other, and this server has served cluster lost'),
    ]);
    redis.stored = { clusterId: 'lost', replaces: [] };
    expect([await one.findCluster(), one.reason]).toEqual(['lost', undefined]);
  });

  it('follow the decision of an operator to join a cluster that another server has created', async () => {
    const [one, two] = [start('one', 'lost'), start('two', 'lost')];
    redis.stored = { clusterId: 'other', replaces: ['older'] };
    expect([await one.findCluster(), await two.findCluster(), one.adopt()]).toEqual([undefined, undefined, true]);
    expect([await one.findCluster(), await two.findCluster()]).toEqual(['other', 'other']);
    expect(redis.stored.replaces).toEqual(['older', 'lost']);
    expect(reasons.at(-1)).toBe('one replaces lost by other');
  });
});

describe('The state of a server', () => {
  const point = { server: 's', last: { position: { epoch: 1, seq: 5 }, mark: 'm' }, epochLost: 0, lastBatch: 1 };
  const serving = (epoch: number): { cluster: string; log: { resumePoint: ServedState['resumePoint'] } } => ({
    cluster: 'c',
    log: { resumePoint: [{ ...point, epochLast: epoch }] },
  });

  it('is written at once with a new epoch, else every STATE_WRITE_MS; it never falls; a failure is reported once', async () => {
    const clock = new FakeClock();
    const written: number[] = [];
    const events: ServerEvent[] = [];
    let fault: Error | undefined;
    const store = {
      read: () => ({ clusterId: 'c', epoch: 50, resumePoint: [] }),
      write: async ({ epoch }: ServedState) => {
        if (fault !== undefined) throw fault;
        written.push(epoch);
        await Promise.resolve();
      },
    };
    const served = new ServedCluster(store, 10, { clock, watch: event => events.push(event) });
    expect([served.epochBefore, new ServedCluster(store, 60, { clock, watch: () => undefined }).epochBefore]).toEqual([
      50, 60,
    ]);
    await served.write(serving(40));
    served.writeIfDue(serving(40));
    clock.pass(STATE_WRITE_MS - 1);
    served.writeIfDue(serving(40));
    expect(written).toEqual([50]);
    served.writeIfDue(serving(70));
    await Promise.resolve();
    await new Promise(setImmediate);
    clock.pass(STATE_WRITE_MS);
    served.writeIfDue(serving(70));
    await new Promise(setImmediate);
    expect(written).toEqual([50, 70, 70]);
    fault = new Error('ENOSPC');
    await served.write(serving(80));
    await served.write(serving(81));
    expect(events).toEqual([{ event: 'log.warning', sentence: 'ENOSPC' }]);
    fault = undefined;
    await served.write(serving(82));
    expect(written.at(-1)).toBe(82);
  });

  it('is not kept without RANKD_STATE_DIR', async () => {
    const served = new ServedCluster(undefined, 10, { clock: new FakeClock(), watch: () => undefined });
    await served.write(serving(5));
    served.writeIfDue(serving(5));
    expect([served.before, served.epochBefore]).toEqual([undefined, 10]);
  });
});
