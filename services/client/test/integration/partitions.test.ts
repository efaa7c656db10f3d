import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JoinOptions, Membership, PartitionOptions, Partitions } from '@rankd/client';
import { eventually, type LaunchedServer } from '@rankd/testkit';
import { DEADLINE_MS, Fleet, next } from './fleet.js';

const COUNT = 64;
const QUICK = { RANKD_HEARTBEAT_MS: '100', RANKD_SUSPEND_MS: '1200', RANKD_DEAD_MS: '2400' };
const HANDOVER_MS = 200;

/** Who was given and has given up what, in the order in which it happened; and the faults of that order. */
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

let fleet: Fleet;
let server: LaunchedServer;
let ledger: Ledger;
beforeEach(async () => {
  fleet = new Fleet();
  ledger = new Ledger();
  server = await fleet.server(QUICK);
});
afterEach(() => fleet.dispose());

interface Worker {
  readonly me: Membership;
  readonly partitions: Partitions;
}

function takePart(me: Membership, name: string, options: PartitionOptions = { handoverMs: HANDOVER_MS }): Partitions {
  return me.partitions(
    COUNT,
    {
      acquire: partition => ledger.take(partition, name),
      release: partition => ledger.give('releases', partition, name),
      lost: partition => ledger.give('loses', partition, name),
    },
    options,
  );
}

async function worker(name: string, options: JoinOptions = {}): Promise<Worker> {
  const me = await fleet.join(server.port, { ...options, name });
  return { me, partitions: takePart(me, name) };
}

/** Resolves once every partition is held, and each of these holds some. */
async function divided(...workers: readonly Worker[]): Promise<void> {
  await eventually(DEADLINE_MS, 'everything to be held', () => {
    const held = workers.map(({ partitions }) => partitions.held.length);
    return held.every(count => count > 0) && held.reduce((sum, count) => sum + count) === COUNT ? true : undefined;
  });
  expect(ledger.faults).toEqual([]);
}

describe('partitions', () => {
  it('are all of a lone member, and are shared with who comes: only what must move does', async () => {
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

  it('go on at once where their holder leaves, before its handover is over', async () => {
    const ann = await worker('ann');
    await divided(ann);
    const bob = await fleet.join(server.port, { name: 'bob' });
    takePart(bob, 'bob', { handoverMs: 3_600_000 });
    const left = ann.me.leave();
    await left;
    await eventually(DEADLINE_MS, 'bob to hold all', () => (ledger.holders.size === COUNT ? true : undefined));
    expect([ledger.faults, new Set(ledger.holders.values())]).toEqual([[], new Set(['bob'])]);
  });

  it('keep the seat, rank and fence of a leader that asks for them late', async () => {
    const ann = await fleet.join(server.port, { name: 'ann' });
    const { member, fence } = ann;
    let ended = 0;
    void ann.lead(async signal => {
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
      ended += 1;
    });
    const rejoined = next(ann, 'joined');
    const partitions = takePart(ann, 'ann');
    expect(await rejoined).toMatchObject({ rank: 0, resumed: true });
    await eventually(DEADLINE_MS, 'all', () => (partitions.held.length === COUNT ? true : undefined));
    expect([ann.member, ann.fence, ended]).toEqual([member, fence, 0]);
  });

  it('R-LEAD-3 are lost when the coordinator is', async () => {
    const ann = await worker('ann');
    await divided(ann);
    server.childProcess.kill('SIGSTOP');
    await eventually(DEADLINE_MS, 'nothing to be held', () => (ann.partitions.held.length === 0 ? true : undefined));
    await eventually(DEADLINE_MS, 'the losses', () => (ledger.holders.size === 0 ? true : undefined));
    server.childProcess.kill('SIGCONT');
    await divided(ann);
  });
});
