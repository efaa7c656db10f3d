import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProcessClock, VirtualClock } from '@rankd/testkit';
import { silentLogger } from '../../../src/logger.js';
import { MemberPartitions } from '../../../src/partitions/member-partitions.js';
import { Lease } from '../../../src/session/lease.js';
import { Seat } from '../../../src/session/seat.js';
import { silentConnection, welcomeOf } from '../messages.js';

let clock: VirtualClock;
let assignments: MemberPartitions;
/** The requests that the server received. */
let asked: unknown[];
beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
  const process = new ProcessClock(clock, 0);
  const time = { nowMs: () => process.nowMs, after: (ms: number, run: () => void) => process.after(ms, run) };
  assignments = new MemberPartitions({ clock: time, random: Math.random }, silentLogger, {
    reportError: () => undefined,
    reportAbortErrors: () => undefined,
  });
});

const handlers = { acquire: () => undefined };

describe('the partitions of a member', () => {
  it.each([
    [1, 0],
    [65_536, 3_600_000],
  ])('may be %i, with a handoverMs of %i', (count, handoverMs) => {
    expect(assignments.add(count, handlers, { handoverMs }).count).toBe(count);
  });

  it.each([
    [0, 5000],
    [65_537, 5000],
    [1.5, 5000],
    [8, -1],
    [8, 3_600_001],
    [8, Number.NaN],
  ])('may not be %d with a handoverMs of %d (COUNT_MAX, HANDOVER_MS_MAX)', (count, handoverMs) => {
    expect(() => assignments.add(count, handlers, { handoverMs })).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', message: expect.stringMatching(/must be a whole number from/) }),
    );
  });

  it('R-ASK-1 request the roster once a session, and again 1 s after RATE_LIMITED (ROSTER_RETRY_MS)', () => {
    const welcome = welcomeOf();
    const connection = { ...silentConnection, send: (message: unknown) => void asked.push(message) };
    assignments.seated(new Seat(connection, new Lease(0, welcome), welcome, undefined));
    expect(asked).toEqual([{ type: 'roster' }]);
    assignments.handleError({ type: 'error', code: 'RATE_LIMITED', message: '' });
    clock.pass(999);
    expect(asked).toHaveLength(1);
    clock.pass(1);
    expect(asked).toHaveLength(2);
    assignments.handleError({ type: 'error', code: 'BAD_MESSAGE', message: '' });
    clock.pass(5000);
    expect(asked).toHaveLength(2);
  });
});
