import { afterAll, afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { welcomeOf } from '../../messages.js';
import { DEADLINE_MS, timedIt } from '../fixture.js';
import { ScriptedCoordinator } from '../scripted-coordinator.js';

const SUSPEND_MS = 4500;

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let coordinator: ScriptedCoordinator;
let ends: number[];

beforeEach(() => {
  coordinator = ScriptedCoordinator.in(fleet);
  ends = [];
});
afterEach(() => coordinator.dispose());
afterAll(() => fleet.dispose());

/** A member of rank 0, and the time of its hello. */
async function joined(): Promise<{ readonly me: Membership; readonly helloAtMs: number }> {
  const prepare = (member: Membership): void => void member.on('lease', ({ endsAt }) => ends.push(endsAt));
  const joining = fleet.join(coordinator.port, { prepare });
  await coordinator.untilReceived('hello');
  coordinator.send(welcomeOf({ suspendMs: SUSPEND_MS, features: ['resign'] }));
  const me = await joining;
  return { me, helloAtMs: (me.leaseEndsAt ?? 0) - SUSPEND_MS };
}

/** Sends a ping and returns when the member has answered it, by the clock of `performance.now()`. */
async function ping(n: number, seen: number): Promise<number> {
  coordinator.send({ type: 'ping', n, seen });
  return await coordinator.untilReceived('pong', n);
}

async function end(me: Membership, how: 'leave' | 'close' = 'close'): Promise<void> {
  await fleet.time.within(DEADLINE_MS, 'the end', me[how]());
}

describe('the end of the lease', () => {
  it('R-LEAD-3 is suspendMs after the hello, then after the sending of the last acknowledged pong', async () => {
    const { me, helloAtMs } = await joined();
    expect(ends).toEqual([helloAtMs + SUSPEND_MS]);
    await fleet.time.pass(1000);
    await ping(1, 0);
    // The pong is not acknowledged yet.
    expect(me.leaseEndsAt).toBe(helloAtMs + SUSPEND_MS);
    await fleet.time.pass(1000);
    await ping(2, 1);
    expect(me.leaseEndsAt).toBeGreaterThanOrEqual(helloAtMs + 1000 + SUSPEND_MS);
    expect(me.leaseEndsAt).toBeLessThan(helloAtMs + 1100 + SUSPEND_MS);
    expect(ends).toEqual([helloAtMs + SUSPEND_MS, me.leaseEndsAt]);
    await end(me);
  });

  it('R-LEAD-3 is the moment at which the member is suspended, and lies in the past after that', async () => {
    const { me } = await joined();
    const endsAt = me.leaseEndsAt ?? 0;
    const suspended = fleet.next(me, 'suspended');
    await fleet.time.pass(endsAt - fleet.time.nowMs() - 1);
    expect(me.rank).toBe(0);
    await suspended;
    expect([me.leaseEndsAt, me.rank]).toEqual([endsAt, undefined]);
    expect(fleet.time.nowMs()).toBeGreaterThanOrEqual(endsAt);
    await end(me);
  });

  it('is undefined without a session, as `server` and `view` are', async () => {
    const { me } = await joined();
    expect(me.server).toEqual({
      features: ['resign'],
      ...{ heartbeatMs: 1500, suspendMs: SUSPEND_MS, deadMs: 6000, payloadBytesMax: 64_512 },
    });
    expect(me.view).toEqual({ epoch: 70, view: 4 });
    const gone = fleet.next(me, 'disconnected');
    coordinator.dispose();
    await gone;
    expect([me.leaseEndsAt, me.server, me.view]).toEqual([undefined, undefined, undefined]);
    await end(me);
  });

  it.each<['leave' | 'close']>([['leave'], ['close']])(
    'is fixed from `%s` on, and bounds the wait for the work',
    async how => {
      const { me } = await joined();
      const begun = new Promise<void>(resolve => {
        void me.lead(() => {
          resolve();
          return new Promise(() => undefined);
        });
      });
      await begun;
      const endsAt = me.leaseEndsAt ?? 0;
      const ended = me[how]();
      await ping(1, 0);
      await ping(2, 1);
      expect(me.leaseEndsAt).toBe(endsAt);
      await fleet.time.pass(endsAt - fleet.time.nowMs() - 10);
      expect([me.isClosed, coordinator.receivedTypes.includes('leave')]).toEqual([false, false]);
      await fleet.time.within(DEADLINE_MS, how, ended);
      expect(coordinator.receivedTypes.includes('leave')).toBe(how === 'leave');
    },
  );
});
