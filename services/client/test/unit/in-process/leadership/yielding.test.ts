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

/** A member of rank 0 whose work, once told to stop, ends when the test lets it. */
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

/** Whatever the member had to say before has come when this resolves. */
async function barrier(): Promise<void> {
  pings += 1;
  coordinator.send({ type: 'ping', n: pings, seen: 0 });
  await coordinator.untilReceived('pong', coordinator.receivedTypes.filter(type => type === 'pong').length + 1);
}

/** The member goes while nobody answers its goodbye. */
async function leave(me: Membership): Promise<void> {
  const left = me.leave();
  await coordinator.untilReceived('leave');
  coordinator.dispose();
  await fleet.time.within(DEADLINE_MS, 'leaving', left);
}

describe('a leader that is asked to yield', () => {
  it('R-LEAD-2 says so once its work has ended, and has no rank from the asking on', async () => {
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

  it('R-LEAD-2 says so after a heartbeat where its work does not end', async () => {
    const { me, finish } = await leader();
    const askedMs = fleet.time.nowMs();
    coordinator.send(YIELD);
    expect((await coordinator.untilReceived('yielded')) - askedMs).toBe(HEARTBEAT_MS);
    finish();
    await leave(me);
  });

  it('R-LEAD-2 says nothing where it may act again before its work has ended: the answer would be taken for another', async () => {
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

  it('R-LEAD-2 answers the second ask once where it may act again between the two', async () => {
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
  it('takes no seat that is given to it after its goodbye', async () => {
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
