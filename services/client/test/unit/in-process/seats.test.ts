import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { InProcessFleet, type InProcessServer } from '@rankd/testkit/in-process';
import { Administrator } from './administrator.js';
import { codeOf, DEADLINE_MS, timedIt } from './fixture.js';

const DEAD_MS = Number(TIMINGS.quick.RANKD_DEAD_MS);

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: InProcessServer;
let port: number;

beforeAll(async () => {
  ({ port, server } = await fleet.server({
    RANKD_MEMBERS_MAX: '3',
    RANKD_WAITLIST_MAX: '2',
    ...TIMINGS.quick,
    RANKD_ADMIN_TOKEN: 'admin',
  }));
});
afterAll(() => fleet.dispose());

async function trio(): Promise<[Membership, Membership, Membership, Administrator]> {
  const group = fleet.newGroup();
  const members = await fleet.joinAll(port, ['ann', 'bob', 'cid'], { group });
  return [...members, await Administrator.of(group, await server.connect())];
}

describe('the waitlist of a full group', () => {
  it('R-JOIN-4 sends the position at each change, for longer than a lease lasts, and then a seat', async () => {
    const [ann, bob, cid] = await trio();
    const group = ann.group ?? '';
    const events: unknown[] = [];
    const enter = (name: string): Promise<Membership> =>
      fleet.join(port, {
        group,
        name,
        prepare: member => {
          member.on('waiting', ({ position, of }) => events.push([name, position, of]));
          member.on('disconnected', ({ error }) => events.push([name, error.code]));
          member.on('joined', ({ rank }) => events.push([name, 'joined', rank]));
        },
      });
    const waitForEvents = async (count: number): Promise<boolean> =>
      fleet.time.eventually(DEADLINE_MS, `${count} tidings`, () => (events.length >= count ? true : undefined));
    const dan = enter('dan');
    await waitForEvents(1);
    const eve = enter('eve');
    await waitForEvents(2);
    // Twice as long as the server keeps a session without pongs.
    await fleet.time.pass(2 * DEAD_MS);
    await ann.leave();
    await dan;
    await waitForEvents(4);
    await bob.leave();
    await eve;
    expect(events).toEqual([
      ['dan', 1, 1],
      ['eve', 2, 2],
      ['dan', 'joined', 2],
      ['eve', 1, 1],
      ['eve', 'joined', 2],
    ]);
    await Promise.all([cid, await dan, await eve].map(member => member.leave()));
  });

  it('R-JOIN-4 loses a client whose signal is aborted or whose joinWithinMs has passed; if it is full, join rejects with FULL', async () => {
    const [ann, bob, cid] = await trio();
    const group = ann.group ?? '';
    const url = `rankd://127.0.0.1:${port}`;
    const calling = new AbortController();
    let waitingCount = 0;
    const prepare = (member: Membership): void => void member.on('waiting', () => (waitingCount += 1));
    const calledOff = fleet.joinAt(url, { group, signal: calling.signal, prepare });
    const tooLate = fleet.joinAt(url, { group, joinWithinMs: 4000, prepare });
    calledOff.catch(() => undefined);
    tooLate.catch(() => undefined);
    await fleet.time.eventually(DEADLINE_MS, 'two that wait', () => (waitingCount >= 2 ? true : undefined));
    await expect(fleet.joinAt(url, { group, joinWithinMs: 2000 })).rejects.toMatchObject(codeOf('FULL'));
    calling.abort();
    await expect(calledOff).rejects.toMatchObject(codeOf('ABORTED'));
    await expect(tooLate).rejects.toMatchObject(codeOf('CONNECT_FAILED'));
    await Promise.all([ann, bob, cid].map(member => member.leave()));
  });
});

describe('an administrator', () => {
  it('R-ADMIN-1 removes a member: its membership closes with REMOVED, and it does not reconnect', async () => {
    const [ann, bob, cid, admin] = await trio();
    const closed = fleet.next(bob, 'closed');
    const promoted = fleet.next(cid, 'rank');
    const waiting = bob.untilRank(0);
    waiting.catch(() => undefined);
    await admin.remove(1);
    await expect(closed).resolves.toMatchObject({ error: { ...codeOf('REMOVED'), retry: false } });
    await expect(promoted).resolves.toMatchObject({ rank: 1, was: 2, cause: { kind: 'left', reason: 'REMOVED' } });
    await expect(waiting).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    expect([bob.rank, bob.member, bob.isClosed]).toEqual([undefined, undefined, true]);
    await fleet.time.within(
      DEADLINE_MS,
      'lead of what is over',
      bob.lead(() => undefined),
    );
    admin.leave();
    await Promise.all([ann, cid].map(member => member.leave()));
  });

  it('R-LEAD-2 moves the leader: its work ends, and every member receives the change', async () => {
    const [ann, bob, cid, admin] = await trio();
    const log: unknown[] = [];
    for (const member of [ann, bob]) {
      member.on('suspended', ({ because }) => log.push([member.name, 'suspended', because]));
      member.on('rank', ({ rank, cause }) => log.push([member.name, rank, cause.kind]));
      void member.lead(async signal => {
        log.push([member.name, 'leads']);
        await new Promise(resolve => signal.addEventListener('abort', resolve));
        log.push([member.name, 'stops']);
      });
    }
    const [first, last] = [fleet.next(cid, 'rank'), fleet.next(ann, 'rank')];
    const fence = ann.fence;
    await admin.move(0, 2);
    await bob.untilRank(0);
    await Promise.all([first, last]);
    expect(log).toEqual([
      ['ann', 'leads'],
      ['ann', 'suspended', 'yield'],
      ['ann', 'stops'],
      ...[
        ['bob', 0, 'moved'],
        ['ann', 2, 'moved'],
        ['bob', 'leads'],
      ].sort(byOrderIn(log)),
    ]);
    expect([bob.rank, cid.rank, ann.rank, ann.fence]).toEqual([0, 1, 2, undefined]);
    expect(bob.fence?.view).toBeGreaterThan(fence?.view ?? 0);
    admin.leave();
    await Promise.all([ann, bob, cid].map(member => member.leave()));
  });
});

/** Sorts by order: views reach different members in any order. */
function byOrderIn(log: readonly unknown[]): (a: unknown, b: unknown) => number {
  const texts = log.map(entry => JSON.stringify(entry));
  return (a, b) => texts.indexOf(JSON.stringify(a)) - texts.indexOf(JSON.stringify(b));
}

describe('waiting for a rank', () => {
  it('resolves at once with that rank or a smaller one, otherwise when it is reached; `next` is rank 1', async () => {
    const [ann, bob, cid] = await trio();
    await ann.untilRank(0);
    await bob.untilRank(2);
    expect([ann.next, bob.next, cid.next]).toEqual([false, true, false]);
    const leads = cid.untilRank(0);
    const isNext = cid.untilRank(1);
    await ann.leave();
    await fleet.time.within(DEADLINE_MS, 'rank 1', isNext);
    expect([cid.rank, cid.next]).toEqual([1, true]);
    await bob.leave();
    await fleet.time.within(DEADLINE_MS, 'rank 0', leads);
    expect([cid.rank, cid.next]).toEqual([0, false]);
    await cid.leave();
  });

  it('rejects with ABORTED if its signal is aborted', async () => {
    const [ann, bob, cid] = await trio();
    const calling = new AbortController();
    const until = bob.untilRank(0, { signal: calling.signal });
    calling.abort('enough');
    await expect(until).rejects.toMatchObject({ ...codeOf('ABORTED'), cause: 'enough' });
    await Promise.all([ann, bob, cid].map(member => member.leave()));
  });
});

describe('leaving', () => {
  it('R-LEAD-1 suspends the member at once, waits for its work, and only then sends `leave`', async () => {
    const [ann, bob, cid] = await trio();
    const log: string[] = [];
    let finish: () => void = () => undefined;
    const work = new Promise<void>(resolve => (finish = resolve));
    const over = ann.lead(async signal => {
      log.push('leads');
      await new Promise(resolve => signal.addEventListener('abort', resolve));
      log.push('must stop');
      await work;
      log.push('has stopped');
    });
    const deputy = bob.untilRank(0).then(() => log.push('deputy leads'));
    await ann.untilRank(0);
    const left = ann.leave();
    expect([ann.rank, ann.fence]).toEqual([undefined, undefined]);
    setImmediate(finish);
    await Promise.all([left, over, deputy]);
    expect(log).toEqual(['leads', 'must stop', 'has stopped', 'deputy leads']);
    await Promise.all([bob, cid].map(member => member.leave()));
  });

  it('R-LEAD-3 waits for work that does not end at most until its lease ends, which nothing renews', async () => {
    const [ann, bob, cid] = await trio();
    const begun = new Promise<void>(resolve => {
      void ann.lead(async () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    await begun;
    const deputy = bob.untilRank(0);
    const leaseEndsAt = ann.leaseEndsAt ?? 0;
    await fleet.time.within(DEADLINE_MS, 'leaving', ann.leave());
    await fleet.time.within(DEADLINE_MS, 'the deputy', deputy);
    // The library waits for whole milliseconds.
    expect(Math.abs(fleet.time.nowMs() - leaseEndsAt)).toBeLessThanOrEqual(1);
    await Promise.all([bob, cid].map(member => member.leave()));
  });
});
