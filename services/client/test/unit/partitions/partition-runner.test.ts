import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProcessClock, VirtualClock } from '@rankd/testkit';
import { silentLogger } from '../../../src/logger.js';
import { PartitionRunner } from '../../../src/partitions/partition-runner.js';
import type { PartitionHandlers, PartitionHold } from '../../../src/partitions/partition-types.js';
import type { RosterChange } from '../../../src/partitions/roster-replica.js';

const HANDOVER_MS = 200;
const SUSPEND_MS = 400;
const terms = { member: 'own', epoch: 70, suspendMs: SUSPEND_MS, isFounder: true };

let clock: VirtualClock;
let knownUntilMs: number;
let view: number;
const handlerCalls: string[] = [];
const errors: unknown[] = [];
beforeEach(() => {
  clock = new VirtualClock();
  knownUntilMs = Number.MAX_SAFE_INTEGER;
  view = 0;
  handlerCalls.length = 0;
  errors.length = 0;
});

/** Lets time pass, with everything that promises wait for at each step. */
async function pass(ms: number, stepMs = 10): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.pass(stepMs);
    await settled();
  }
}
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** One partition, of a member that founded its group. */
function holdingOf(handlers: Partial<PartitionHandlers> = {}): PartitionRunner {
  const process = new ProcessClock(clock, 0);
  const time = { nowMs: () => process.nowMs, after: (ms: number, run: () => void) => process.after(ms, run) };
  const recordCall = (what: string) => (partition: number) => void handlerCalls.push(`${what} ${partition}`);
  const all = { acquire: recordCall('acquire'), release: recordCall('release'), lost: recordCall('lost'), ...handlers };
  const logger = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
  const ports = { clock: time, random: Math.random, logger, knownUntilMs: () => knownUntilMs };
  const runner = new PartitionRunner(1, all, HANDOVER_MS, ports);
  runner.setSeat(terms);
  change(runner, ['own'], []);
  return runner;
}

function change(runner: PartitionRunner, joined: readonly string[], left: readonly string[]): void {
  view += 1;
  const rosterChange: RosterChange = {
    kind: view === 1 ? 'leap' : 'step',
    epoch: 70,
    view,
    joined: joined.map(member => ({ member, joinedAtMs: view })),
    left: left.map(member => ({ member, stopped: true })),
    unlisted: 0,
  };
  runner.applyChange(rosterChange);
}

/** Whoever gets partition 0 when it comes. */
const heavier = 'm2';

describe('the handlers of a partition', () => {
  it('are acquire, and release when it is another’s: nothing more', async () => {
    const runner = holdingOf();
    await settled();
    expect(runner.held).toEqual([0]);
    change(runner, [heavier], []);
    await pass(2 * HANDOVER_MS);
    expect([handlerCalls, runner.held]).toEqual([['acquire 0', 'release 0'], []]);
  });

  it('are lost as well where release is not done in time, by the clock; its signal is aborted', async () => {
    let hold: PartitionHold | undefined;
    const runner = holdingOf({
      acquire: (_, taken) => (hold = taken),
      release: () => new Promise(() => undefined),
    });
    await settled();
    change(runner, [heavier], []);
    await pass(HANDOVER_MS - 10);
    expect([handlerCalls, hold?.signal.aborted, runner.held]).toEqual([[], false, [0]]);
    await pass(10);
    expect([handlerCalls, hold?.signal.aborted, runner.held]).toEqual([['lost 0'], true, []]);
    expect(hold?.signal.reason).toMatchObject({ code: 'PARTITION_LOST' });
  });

  it('are lost where the process stood still until it was too late to release', async () => {
    const runner = holdingOf();
    await settled();
    change(runner, [heavier], []);
    // No timer has fired and no promise has been looked at since.
    knownUntilMs = clock.nowMs;
    await settled();
    expect(handlerCalls).toEqual(['acquire 0', 'lost 0']);
  });

  it('come one after the other: what is gained again waits for the release', async () => {
    let done: () => void = () => undefined;
    const release = (): Promise<void> => new Promise(resolve => (done = resolve));
    const runner = holdingOf({ release });
    await settled();
    change(runner, [heavier], []);
    await settled();
    change(runner, [], [heavier]);
    await pass(50);
    expect(handlerCalls).toEqual(['acquire 0']);
    done();
    await pass(10);
    expect([handlerCalls, runner.held]).toEqual([['acquire 0', 'acquire 0'], [0]]);
  });

  it('are lost when the coordinator is not heard, and acquire again when it is', async () => {
    const runner = holdingOf();
    await settled();
    knownUntilMs = 100;
    runner.runDueActions();
    await pass(100);
    expect(handlerCalls).toEqual(['acquire 0', 'lost 0']);
    knownUntilMs = Number.MAX_SAFE_INTEGER;
    runner.runDueActions();
    await settled();
    expect([handlerCalls, runner.held]).toEqual([['acquire 0', 'lost 0', 'acquire 0'], [0]]);
  });

  it('that throw are told to the logger: acquire is tried again, and holds nothing meanwhile', async () => {
    // Of the jitter, which may be nothing at all, the half.
    const jitter = jest.spyOn(Math, 'random').mockReturnValue(0.5);
    let attempts = 0;
    const runner = holdingOf({
      acquire: () => {
        attempts += 1;
        if (attempts === 1) throw new Error('no disk');
      },
    });
    await settled();
    expect(attempts).toBe(1);
    expect(errors).toEqual([expect.objectContaining({ event: 'partition.failed', during: 'acquire', partition: 0 })]);
    await pass(500);
    expect([attempts, runner.held]).toEqual([2, [0]]);
    jitter.mockRestore();
  });

  it('give all up on leaving', async () => {
    const runner = holdingOf();
    await settled();
    await runner.releaseAll();
    expect([handlerCalls, runner.held]).toEqual([['acquire 0', 'release 0'], []]);
  });
});
