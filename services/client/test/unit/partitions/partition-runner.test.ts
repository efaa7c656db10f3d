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
const reported: string[] = [];
beforeEach(() => {
  clock = new VirtualClock();
  knownUntilMs = Number.MAX_SAFE_INTEGER;
  view = 0;
  handlerCalls.length = 0;
  errors.length = 0;
  reported.length = 0;
});

/** Passes time. After each step it waits for every promise that is ready. */
async function pass(ms: number, stepMs = 10): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.pass(stepMs);
    await settled();
  }
}
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Returns a runner with one partition, for a member that founded its group. */
function holdingOf(handlers: Partial<PartitionHandlers> = {}): PartitionRunner {
  const process = new ProcessClock(clock, 0);
  const time = { nowMs: () => process.nowMs, after: (ms: number, run: () => void) => process.after(ms, run) };
  const recordCall = (what: string) => (partition: number) => void handlerCalls.push(`${what} ${partition}`);
  const all = { acquire: recordCall('acquire'), release: recordCall('release'), lost: recordCall('lost'), ...handlers };
  const logger = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
  const reportError = (handler: string): void => void reported.push(handler);
  const ports = {
    clock: time,
    random: Math.random,
    logger,
    reportError,
    reportAbortErrors: () => undefined,
    knownUntilMs: () => knownUntilMs,
  };
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
    joined: joined.map(member => ({ member })),
    left: left.map(member => ({ member, stopped: true })),
    unlisted: 0,
  };
  runner.applyChange(rosterChange);
}

/** A member that owns partition 0 once it has joined. */
const heavier = 'm2';

describe('the handlers of a partition', () => {
  it('are acquire, and release when another member becomes the owner: no others', async () => {
    const runner = holdingOf();
    await settled();
    expect(runner.held).toEqual([0]);
    change(runner, [heavier], []);
    await pass(2 * HANDOVER_MS);
    expect([handlerCalls, runner.held]).toEqual([['acquire 0', 'release 0'], []]);
  });

  it('include lost if release does not end in time, by the clock; the signal is aborted', async () => {
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

  it('include lost, not release, if the process was stopped until the release was too late', async () => {
    const runner = holdingOf();
    await settled();
    change(runner, [heavier], []);
    // No timer has fired and no promise has run since then.
    knownUntilMs = clock.nowMs;
    await settled();
    expect(handlerCalls).toEqual(['acquire 0', 'lost 0']);
  });

  it('run one after another: a partition that is gained again waits for the release', async () => {
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

  it('are lost when the lease expires, and acquire when it is renewed', async () => {
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

  it('log the error if they throw; acquire is tried again, and the partition is not held before that', async () => {
    // The random number 0.5 gives half of the bound; 0 would give no delay.
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
    expect(reported).toEqual(['acquire']);
    await pass(500);
    expect([attempts, runner.held]).toEqual([2, [0]]);
    jitter.mockRestore();
  });

  it('release all partitions when the member leaves', async () => {
    const runner = holdingOf();
    await settled();
    await runner.releaseAll();
    expect([handlerCalls, runner.held]).toEqual([['acquire 0', 'release 0'], []]);
  });
});
