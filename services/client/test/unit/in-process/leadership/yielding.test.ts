import { afterAll, afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { viewOf, welcomeOf } from '../../messages.js';
import { codeOf, DEADLINE_MS, timedIt } from '../fixture.js';
import { ScriptedCoordinator } from '../scripted-coordinator.js';

const HEARTBEAT_MS = 300;
const YIELD = { type: 'yield' };
const reassurance = viewOf({ rank: 0, was: 0, changes: 0 });

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let coordinator: ScriptedCoordinator;
let pings = 0;

beforeEach(() => {
  coordinator = ScriptedCoordinator.in(fleet);
});
afterEach(() => coordinator.dispose());
afterAll(() => fleet.dispose());

/** A member of rank 0. After the abort of its signal, its work ends when the test calls `finish`. */
async function leader(): Promise<{ readonly me: Membership; readonly finish: () => void }> {
  const joining = fleet.join(coordinator.port);
  await coordinator.untilReceived('hello');
  coordinator.send(welcomeOf({ heartbeatMs: HEARTBEAT_MS }));
  const me = await joining;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>(resolve => (finish = resolve));
  const begun = new Promise<void>(resolve => {
    void me.lead(async () => {
      resolve();
      await finished;
    });
  });
  await fleet.time.within(DEADLINE_MS, 'work', begun);
  return { me, finish };
}

/** Resolves when every earlier message of the member has arrived. */
async function barrier(seen = 0): Promise<void> {
  pings += 1;
  coordinator.send({ type: 'ping', n: pings, seen });
  await coordinator.untilReceived('pong', coordinator.receivedTypes.filter(type => type === 'pong').length + 1);
}

/** Ends the member while the server does not answer its `leave`. */
async function leave(me: Membership): Promise<void> {
  const left = me.leave();
  await coordinator.untilReceived('leave');
  coordinator.dispose();
  await fleet.time.within(DEADLINE_MS, 'leaving', left);
}

describe('a leader that is asked to yield', () => {
  it('R-LEAD-2 has no rank from the request on, and answers when its work has ended', async () => {
    const { me, finish } = await leader();
    coordinator.send(YIELD);
    await barrier();
    expect([me.rank, me.fence, coordinator.receivedTypes.includes('yielded')]).toEqual([undefined, undefined, false]);
    finish();
    await coordinator.untilReceived('yielded');
    expect(me.rank).toBeUndefined();
    coordinator.send(reassurance);
    await barrier();
    expect(me.rank).toBe(0);
    await leave(me);
  });

  it('R-LEAD-2 never answers before its work has ended, also after its lease: then the server continues without an answer', async () => {
    const { me, finish } = await leader();
    const leaseEndsAt = me.leaseEndsAt ?? 0;
    coordinator.send(YIELD);
    await barrier();
    await fleet.time.pass(leaseEndsAt - fleet.time.nowMs() + 100);
    await barrier();
    expect(coordinator.receivedTypes).not.toContain('yielded');
    finish();
    await coordinator.untilReceived('yielded');
    await leave(me);
  });

  it('R-LEAD-2 keeps the end of its lease while it yields, whatever heartbeats acknowledge, and moves it after the view', async () => {
    const { me, finish } = await leader();
    const ends: number[] = [];
    me.on('lease', ({ endsAt }) => ends.push(endsAt));
    const before = me.leaseEndsAt;
    coordinator.send(YIELD);
    for (let beat = 0; beat < 3; beat += 1) {
      await fleet.time.pass(100);
      await barrier(pings);
    }
    expect([me.leaseEndsAt, ends]).toEqual([before, []]);
    finish();
    await coordinator.untilReceived('yielded');
    coordinator.send(reassurance);
    await barrier();
    expect(me.leaseEndsAt).toBeGreaterThan(before ?? Infinity);
    expect(ends).toEqual([me.leaseEndsAt]);
    await leave(me);
  });

  it('R-LEAD-2 does not answer if it may act again before its work has ended: the server would take it as an answer to a later request', async () => {
    const { me, finish } = await leader();
    coordinator.send(YIELD, reassurance);
    await barrier();
    expect(me.rank).toBe(0);
    finish();
    await fleet.time.pass(2 * HEARTBEAT_MS);
    await barrier();
    expect(coordinator.receivedTypes).not.toContain('yielded');
    await leave(me);
  });

  it('R-LEAD-2 answers only the second request if it may act again between the two', async () => {
    const { me, finish } = await leader();
    coordinator.send(YIELD, reassurance, YIELD);
    await barrier();
    finish();
    await coordinator.untilReceived('yielded');
    await fleet.time.pass(2 * HEARTBEAT_MS);
    await barrier();
    expect(coordinator.receivedTypes.filter(type => type === 'yielded')).toHaveLength(1);
    expect(me.rank).toBeUndefined();
    await leave(me);
  });
});

describe('a member that leaves', () => {
  it('accepts no seat after its `leave`', async () => {
    const told: string[] = [];
    const calling = new AbortController();
    let me: Membership | undefined;
    const joining = fleet.join(coordinator.port, {
      signal: calling.signal,
      prepare: member => {
        me = member;
        member.on('joined', () => told.push('joined'));
      },
    });
    joining.catch(() => undefined);
    await coordinator.untilReceived('hello');
    calling.abort();
    await coordinator.untilReceived('leave');
    coordinator.send(welcomeOf());
    await expect(fleet.time.within(DEADLINE_MS, 'the end of joining', joining)).rejects.toMatchObject(
      codeOf('ABORTED'),
    );
    expect([told, me?.rank, me?.isClosed]).toEqual([[], undefined, true]);
  });
});
