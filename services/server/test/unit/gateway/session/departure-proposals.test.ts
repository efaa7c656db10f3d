import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@rankd/testkit';
import { Coordinator, type Entry, type Timekeeper } from '../../../../src/core/index.js';
import { AbsenceTimers } from '../../../../src/gateway/liveness/absence-timers.js';
import { DepartureProposals } from '../../../../src/gateway/session/departure-proposals.js';
import { AT, goodbye, graceEnded, joined, lost, ofKind, rulesOf } from '../../core/reference/entries.js';

const GRACE_MS = 5000;

/** A group of which `b` is away. `passGrace` waits for longer than its grace period. */
function setUp(timekeeper: Timekeeper) {
  const time = new VirtualClock();
  const proposed: Omit<Entry, 'at'>[] = [];
  const coordinator = new Coordinator(rulesOf({ graceMs: GRACE_MS }), 0, timekeeper);
  const departures = new DepartureProposals({
    proposals: { propose: entry => proposed.push(entry) },
    log: { groups: coordinator.groups, releaseGroup: () => undefined },
    shutdown: { isOver: false },
    heartbeats: { untilSuspendedMs: () => 0 },
    absenceTimers: new AbsenceTimers({ monotonicMs: () => time.nowMs }, time),
  });
  const apply = (entry: Entry): void => {
    for (const effect of ofKind(coordinator.apply(entry), 'grace')) departures.proposeGraceEnd(effect, 'default');
  };
  for (const id of ['a', 'b']) apply(joined(id));
  apply(lost('b'));
  return { coordinator, departures, apply, proposed, passGrace: () => time.pass(GRACE_MS + 2) };
}

describe('the end of a grace period', () => {
  it.each(['entries', 'servers'] as const)('is proposed if the member is still away: by %s', timekeeper => {
    const { proposed, passGrace } = setUp(timekeeper);
    passGrace();
    expect(proposed).toEqual([expect.objectContaining({ kind: 'grace-ended', member: 'b', ms: GRACE_MS })]);
  });

  it('is not proposed if the member has left, or the group is deleted', () => {
    const { coordinator, apply, proposed, passGrace } = setUp('servers');
    apply(graceEnded('b', AT, { ms: GRACE_MS, epoch: coordinator.groups.get('default')?.epoch ?? 0 }));
    apply(goodbye('a'));
    passGrace();
    expect(proposed).toEqual([]);
  });

  it('is not proposed for an absence from before the log was raised to format 2, also if the group began a new epoch', () => {
    const { coordinator, proposed, passGrace } = setUp('entries');
    coordinator.renewEpochs(AT, coordinator.groups.get('default')?.epoch ?? 0);
    coordinator.adoptServerClocks(AT);
    passGrace();
    expect(proposed).toEqual([]);
  });
});
