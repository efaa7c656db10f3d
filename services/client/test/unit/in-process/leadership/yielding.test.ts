import { afterAll, afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { viewOf, welcomeOf } from '../../messages.js';
import { codeOf, DEADLINE_MS, timedIt } from '../fixture.js';
import { ScriptedCoordinator } from '../scripted-coordinator.js';
import { joinScriptedLeader, type ScriptedLeader } from './scripted-leader.js';

const HEARTBEAT_MS = 300;
const YIELD = { type: 'yield' };
const reassurance = viewOf({ rank: 0, was: 0, changes: 0 });

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let coordinator: ScriptedCoordinator;

beforeEach(() => {
  coordinator = ScriptedCoordinator.in(fleet);
});
afterEach(() => coordinator.dispose());
afterAll(() => fleet.dispose());

async function leader(): Promise<ScriptedLeader> {
  return await joinScriptedLeader(fleet, coordinator, { heartbeatMs: HEARTBEAT_MS });
}

describe('a leader that is asked to yield', () => {
  it('R-LEAD-2 has no rank from the request on, and answers when its work has ended', async () => {
    const { me, finish } = await leader();
    coordinator.send(YIELD);
    await coordinator.barrier();
    expect([me.rank, me.fence, coordinator.receivedTypes.includes('yielded')]).toEqual([undefined, undefined, false]);
    finish();
    await coordinator.untilReceived('yielded');
    expect(me.rank).toBeUndefined();
    coordinator.send(reassurance);
    await coordinator.barrier();
    expect(me.rank).toBe(0);
    await coordinator.endMember(me);
  });

  it('R-LEAD-2 never answers before its work has ended, also after its lease: then the server continues without an answer', async () => {
    const { me, finish } = await leader();
    const leaseEndsAt = me.leaseEndsAt ?? 0;
    coordinator.send(YIELD);
    await coordinator.barrier();
    await fleet.time.pass(leaseEndsAt - fleet.time.nowMs() + 100);
    await coordinator.barrier();
    expect(coordinator.receivedTypes).not.toContain('yielded');
    finish();
    await coordinator.untilReceived('yielded');
    await coordinator.endMember(me);
  });

  it('R-LEAD-2 keeps the end of its lease while it yields, whatever heartbeats acknowledge, and moves it after the view', async () => {
    const { me, finish } = await leader();
    const ends: number[] = [];
    me.on('lease', ({ endsAt }) => ends.push(endsAt));
    const before = me.leaseEndsAt;
    coordinator.send(YIELD);
    for (let beat = 0; beat < 3; beat += 1) {
      await fleet.time.pass(100);
      await coordinator.barrier(coordinator.pingsSent);
    }
    expect([me.leaseEndsAt, ends]).toEqual([before, []]);
    finish();
    await coordinator.untilReceived('yielded');
    coordinator.send(reassurance);
    await coordinator.barrier();
    expect(me.leaseEndsAt).toBeGreaterThan(before ?? Infinity);
    expect(ends).toEqual([me.leaseEndsAt]);
    await coordinator.endMember(me);
  });

  it('R-LEAD-2 does not answer if it may act again before its work has ended: the server would take it as an answer to a later request', async () => {
    const { me, finish } = await leader();
    coordinator.send(YIELD, reassurance);
    await coordinator.barrier();
    expect(me.rank).toBe(0);
    finish();
    await fleet.time.pass(2 * HEARTBEAT_MS);
    await coordinator.barrier();
    expect(coordinator.receivedTypes).not.toContain('yielded');
    await coordinator.endMember(me);
  });

  it('R-LEAD-2 answers only the second request if it may act again between the two', async () => {
    const { me, finish } = await leader();
    coordinator.send(YIELD, reassurance, YIELD);
    await coordinator.barrier();
    finish();
    await coordinator.untilReceived('yielded');
    await fleet.time.pass(2 * HEARTBEAT_MS);
    await coordinator.barrier();
    expect(coordinator.receivedTypes.filter(type => type === 'yielded')).toHaveLength(1);
    expect(me.rank).toBeUndefined();
    await coordinator.endMember(me);
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
