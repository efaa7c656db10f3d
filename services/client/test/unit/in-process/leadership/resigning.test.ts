import { afterAll, afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import type { ViewMessage } from '@rankd/protocol';
import { InProcessFleet } from '@rankd/testkit/in-process';
import { viewOf } from '../../messages.js';
import { codeOf, DEADLINE_MS, timedIt } from '../fixture.js';
import { ScriptedCoordinator } from '../scripted-coordinator.js';
import { joinScriptedLeader, type ScriptedLeader } from './scripted-leader.js';

const bob = { member: 'm2', name: 'bob' };
const resigned = { kind: 'moved', member: 'm1', name: 'ann', reason: 'RESIGNED' } as const;
/** The answer to `resign`: the member is behind bob. */
const behind = viewOf({ rank: 1, was: 0, size: 2, view: 6, leader: bob, cause: resigned });

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let coordinator: ScriptedCoordinator;
let events: string[];

beforeEach(() => {
  coordinator = ScriptedCoordinator.in(fleet);
  events = [];
});
afterEach(() => coordinator.dispose());
afterAll(() => fleet.dispose());

/** A member of rank 0 whose events are recorded. */
async function leader(features = ['resign']): Promise<ScriptedLeader> {
  return await joinScriptedLeader(fleet, coordinator, { size: 2, features }, me => {
    me.on('suspended', ({ because }) => events.push(`suspended ${because}`));
    me.on('acting', ({ rank }) => events.push(`acting ${rank}`));
    me.on('rank', ({ rank }) => events.push(`rank ${rank}`));
  });
}

const sent = (type: string): number => coordinator.receivedTypes.filter(one => one === type).length;

async function close(me: Membership): Promise<void> {
  await fleet.time.within(DEADLINE_MS, 'closing', me.close());
}

describe('a leader that resigns', () => {
  it('R-RESIGN-1 has no rank at once, sends `resign` when its work has ended, and acts again on the answer', async () => {
    const { me, finish } = await leader();
    const done = me.resign();
    await coordinator.barrier();
    expect([me.rank, me.fence, sent('resign')]).toEqual([undefined, undefined, 0]);
    finish();
    await coordinator.untilReceived('resign');
    expect(me.rank).toBeUndefined();
    coordinator.send(behind);
    await fleet.time.within(DEADLINE_MS, 'the answer', done);
    expect([me.rank, me.leader, me.fence]).toEqual([1, bob, undefined]);
    expect(events).toEqual(['suspended resign', 'acting 1', 'rank 1']);
    await close(me);
  });

  it('R-RESIGN-1 keeps its rank and leads again if no other member is present', async () => {
    const { me, finish } = await leader();
    const { fence } = me;
    finish();
    const done = me.resign();
    await coordinator.untilReceived('resign');
    coordinator.send(viewOf({ rank: 0, was: 0, changes: 0, cause: resigned }));
    await done;
    expect([me.rank, me.fence]).toEqual([0, fence]);
    await close(me);
  });

  it.each<[string, ViewMessage]>([
    ['a member has joined', viewOf({ rank: 0, was: 0, size: 3, view: 5 })],
    ['the leader was moved', viewOf({ rank: 0, was: 0, view: 5, cause: { ...resigned, reason: undefined } as never })],
  ])('R-LEAD-1 does not act on a view that was under way before the answer: %s', async (_what, view) => {
    const { me, finish } = await leader();
    finish();
    const done = me.resign();
    await coordinator.untilReceived('resign');
    coordinator.send(view);
    await coordinator.barrier();
    expect([me.rank, me.size]).toEqual([undefined, view.size]);
    coordinator.send(behind);
    await done;
    expect(me.rank).toBe(1);
    await close(me);
  });

  it('R-LEAD-2 answers a request to yield by `resign`, before or after it, and sends no `yielded`', async () => {
    const { me, finish } = await leader();
    coordinator.send({ type: 'yield' });
    await coordinator.barrier();
    const done = me.resign();
    coordinator.send({ type: 'yield' });
    await coordinator.barrier();
    finish();
    await coordinator.untilReceived('resign');
    coordinator.send({ type: 'yield' }, viewOf({ rank: 0, was: 0, changes: 0 }));
    await coordinator.barrier();
    expect([me.rank, sent('yielded')]).toEqual([undefined, 0]);
    coordinator.send(behind);
    await done;
    await coordinator.barrier();
    expect([me.rank, sent('yielded')]).toEqual([1, 0]);
    await close(me);
  });

  it('sends one `resign` for two calls, and another after the answer', async () => {
    const { me, finish } = await leader();
    finish();
    const both = Promise.all([me.resign(), me.resign()]);
    await coordinator.untilReceived('resign');
    coordinator.send(behind);
    await both;
    expect(sent('resign')).toBe(1);
    const again = me.resign();
    await coordinator.untilReceived('resign', 2);
    coordinator.send(viewOf({ rank: 1, was: 1, changes: 0, size: 2, leader: bob, cause: resigned }));
    await again;
    expect(me.rank).toBe(1);
    await close(me);
  });

  it('waits for its work at most until its lease ends', async () => {
    const { me } = await leader();
    const endsAt = me.leaseEndsAt ?? 0;
    const done = me.resign();
    done.catch(() => undefined);
    await fleet.time.pass(endsAt - fleet.time.nowMs() - 10);
    expect(sent('resign')).toBe(0);
    await coordinator.untilReceived('resign');
    await close(me);
    await expect(done).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
  });

  it('R-RESIGN-1 is UNSUPPORTED without the feature, and the member leads on', async () => {
    const { me } = await leader([]);
    await expect(me.resign()).rejects.toMatchObject(codeOf('UNSUPPORTED'));
    expect([me.rank, sent('resign'), events]).toEqual([0, 0, []]);
    await close(me);
  });

  it('is UNSUPPORTED if the server no longer offers it, acts again, and answers a request to yield', async () => {
    const { me, finish } = await leader();
    finish();
    const done = me.resign();
    await coordinator.untilReceived('resign');
    coordinator.send({ type: 'yield' });
    await coordinator.barrier();
    coordinator.send({ type: 'error', code: 'UNSUPPORTED', message: 'no' });
    await expect(done).rejects.toMatchObject(codeOf('UNSUPPORTED'));
    await coordinator.untilReceived('yielded');
    expect(me.rank).toBeUndefined();
    coordinator.send(viewOf({ rank: 0, was: 0, changes: 0 }));
    await coordinator.barrier();
    expect(me.rank).toBe(0);
    const second = me.resign();
    await coordinator.untilReceived('resign', 2);
    coordinator.send({ type: 'error', code: 'UNSUPPORTED', message: 'no' });
    await expect(second).rejects.toMatchObject(codeOf('UNSUPPORTED'));
    expect([me.rank, sent('yielded')]).toEqual([0, 1]);
    await close(me);
  });

  it('rejects with NOT_CONNECTED if the session ends before the answer, without a session, and after `leave`', async () => {
    const { me, finish } = await leader();
    finish();
    const done = me.resign();
    await coordinator.untilReceived('resign');
    const gone = fleet.next(me, 'disconnected');
    coordinator.dispose();
    await expect(done).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    await gone;
    await expect(me.resign()).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    await close(me);
    await expect(me.resign()).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
  });
});
