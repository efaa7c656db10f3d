import { afterAll, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import type { JoinOptions, Membership, PartitionOptions, Partitions } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { InProcessFleet, type InProcessServer } from '@rankd/testkit/in-process';
import { DEADLINE_MS, timedIt } from './fixture.js';

const COUNT = 64;
const HANDOVER_MS = 200;

/** Records which worker acquired and gave up which partition, in order, and the violations of the rules. */
class Ledger {
  readonly holders = new Map<number, string>();
  readonly faults: string[] = [];
  readonly lines: string[] = [];

  take(partition: number, name: string): void {
    const holder = this.holders.get(partition);
    if (holder !== undefined) this.faults.push(`${partition}: ${name} while ${holder} holds it`);
    this.holders.set(partition, name);
    this.lines.push(`${name} takes ${partition}`);
  }

  give(how: 'releases' | 'loses', partition: number, name: string): void {
    if (this.holders.get(partition) === name) this.holders.delete(partition);
    else this.faults.push(`${partition}: ${name} ${how} what it does not hold`);
    this.lines.push(`${name} ${how} ${partition}`);
  }
}

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: InProcessServer;
let port: number;
let group: string;
let ledger: Ledger;
beforeAll(async () => {
  ({ port, server } = await fleet.server(TIMINGS.quick));
});
afterAll(() => fleet.dispose());
beforeEach(() => {
  group = fleet.newGroup();
  ledger = new Ledger();
});

interface Worker {
  readonly me: Membership;
  readonly partitions: Partitions;
}

function takePart(me: Membership, name: string, options: PartitionOptions = { handoverMs: HANDOVER_MS }): Partitions {
  const own = ledger;
  return me.partitions(
    COUNT,
    {
      acquire: partition => own.take(partition, name),
      release: partition => own.give('releases', partition, name),
      lost: partition => own.give('loses', partition, name),
    },
    options,
  );
}

async function worker(name: string, options: JoinOptions = {}): Promise<Worker> {
  const me = await fleet.join(port, { ...options, group, name });
  return { me, partitions: takePart(me, name) };
}

/** Resolves when every partition is held, and each of these workers holds some. */
async function divided(...workers: readonly Worker[]): Promise<void> {
  await fleet.time.eventually(DEADLINE_MS, 'everything to be held', () => {
    const held = workers.map(({ partitions }) => partitions.held.length);
    return held.every(count => count > 0) && held.reduce((sum, count) => sum + count) === COUNT ? true : undefined;
  });
  expect(ledger.faults).toEqual([]);
}

describe('partitions', () => {
  it('all belong to a lone member, and only those that must move go to a newcomer', async () => {
    const ann = await worker('ann');
    await divided(ann);
    const bob = await worker('bob');
    await divided(ann, bob);
    const before = ledger.lines.length;
    const cat = await worker('cat');
    await divided(ann, bob, cat);
    const moved = ledger.lines.slice(before).filter(line => line.startsWith('cat takes'));
    expect(moved).toHaveLength(cat.partitions.held.length);
    expect(ledger.lines.slice(before).filter(line => / releases /.test(line))).toHaveLength(moved.length);
    expect(ledger.lines.length - before).toBe(2 * moved.length);
  });

  it('move at once if their owner leaves before its handover has ended', async () => {
    const ann = await worker('ann');
    await divided(ann);
    const bob = await fleet.join(port, { group, name: 'bob' });
    takePart(bob, 'bob', { handoverMs: 3_600_000 });
    const left = ann.me.leave();
    await left;
    await fleet.time.eventually(DEADLINE_MS, 'bob to hold all', () =>
      ledger.holders.size === COUNT ? true : undefined,
    );
    expect([ledger.faults, new Set(ledger.holders.values())]).toEqual([[], new Set(['bob'])]);
  });

  it('do not change the seat, rank and fence of a leader that calls `partitions` late', async () => {
    const ann = await fleet.join(port, { group, name: 'ann' });
    const { member, fence } = ann;
    let ended = 0;
    void ann.lead(async signal => {
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
      ended += 1;
    });
    const rejoined = fleet.next(ann, 'joined');
    const partitions = takePart(ann, 'ann');
    expect(await rejoined).toMatchObject({ rank: 0, resumed: true });
    await fleet.time.eventually(DEADLINE_MS, 'all', () => (partitions.held.length === COUNT ? true : undefined));
    expect([ann.member, ann.fence, ended]).toEqual([member, fence, 0]);
  });

  it.each([
    ['alone', 0],
    ['with others that call it later', 2],
  ])(
    'are held at once by a founder that calls `partitions` late, %s, and its leadership runs once',
    async (_what, others) => {
      const { port: slowPort } = await fleet.server();
      const ann = await fleet.join(slowPort, { group, name: 'ann' });
      const leaderships: unknown[] = [];
      void ann.lead(async (signal, fence) => {
        leaderships.push(fence);
        await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
        leaderships.push('ended');
      });
      // Two members that join in the same millisecond cannot know which of them was first.
      await fleet.time.pass(10);
      for (let n = 0; n < others; n += 1) await fleet.join(slowPort, { group });
      await fleet.time.pass(7000);
      const startMs = fleet.time.nowMs();
      const partitions = takePart(ann, 'ann');
      const share = COUNT / (others + 1);
      await fleet.time.eventually(DEADLINE_MS, 'its share', () =>
        partitions.held.length > share / 3 ? true : undefined,
      );
      expect(fleet.time.nowMs() - startMs).toBeLessThan(500);
      await fleet.time.pass(7000);
      expect([leaderships, ledger.lines.filter(line => !line.startsWith('ann takes'))]).toEqual([[ann.fence], []]);
      expect(ledger.lines).toHaveLength(partitions.held.length);
    },
  );

  it('are not held at once by a founder if a member that it does not know may hold them still', async () => {
    const { port: slowPort } = await fleet.server();
    const [ann, bob] = await fleet.joinAll(slowPort, ['ann', 'bob'], { group });
    await bob.leave();
    const startMs = fleet.time.nowMs();
    const partitions = takePart(ann, 'ann');
    await fleet.time.eventually(DEADLINE_MS, 'all', () => (partitions.held.length === COUNT ? true : undefined));
    expect(fleet.time.nowMs() - startMs).toBeGreaterThanOrEqual(4500);
  });

  it('are not held at once by a member that joined later', async () => {
    const { port: slowPort } = await fleet.server();
    const ann = await fleet.join(slowPort, { group, name: 'ann' });
    const bob = await fleet.join(slowPort, { group, name: 'bob' });
    await ann.leave();
    const startMs = fleet.time.nowMs();
    const partitions = takePart(bob, 'bob');
    await fleet.time.eventually(DEADLINE_MS, 'all', () => (partitions.held.length === COUNT ? true : undefined));
    expect(fleet.time.nowMs() - startMs).toBeGreaterThanOrEqual(4500);
  });

  it('R-LEAD-3 are lost when the server is lost', async () => {
    const ann = await worker('ann');
    await divided(ann);
    await server.whileStopped(async () => {
      await fleet.time.eventually(DEADLINE_MS, 'nothing to be held', () =>
        ann.partitions.held.length === 0 ? true : undefined,
      );
      await fleet.time.eventually(DEADLINE_MS, 'the losses', () => (ledger.holders.size === 0 ? true : undefined));
    });
    await divided(ann);
  });
});
