import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join, type Membership } from '@rankd/client';
import { within, type LaunchedServer } from '@rankd/testkit';
import { Administrator } from './administrator.js';
import { codeOf, DEADLINE_MS, Fleet, next } from './fleet.js';

const fleet = new Fleet();
let server: LaunchedServer;

beforeAll(async () => {
  server = await fleet.server({
    RANKD_MEMBERS_MAX: '3',
    RANKD_WAITLIST_MAX: '2',
    RANKD_HEARTBEAT_MS: '150',
    RANKD_SUSPEND_MS: '600',
    RANKD_DEAD_MS: '900',
    RANKD_ADMIN_TOKEN: 'admin',
  });
});
afterAll(() => fleet.dispose());

async function trio(): Promise<[Membership, Membership, Membership, Administrator]> {
  const group = fleet.newGroup();
  const members = await fleet.joinAll(server.port, ['ann', 'bob', 'cid'], { group });
  return [...members, await Administrator.of(group, server.port)];
}

describe('the waitlist of a full group', () => {
  it('R-JOIN-4 tells the position whenever it changes, longer than a lease lasts, and then of a seat', async () => {
    const [ann, bob, cid] = await trio();
    const group = ann.group ?? '';
    const told: unknown[] = [];
    const enter = (name: string): Promise<Membership> =>
      fleet.join(server.port, {
        group,
        name,
        prepare: member => {
          member.on('waiting', ({ position, of }) => told.push([name, position, of]));
          member.on('disconnected', ({ error }) => told.push([name, error.code]));
          member.on('joined', ({ rank }) => told.push([name, 'joined', rank]));
        },
      });
    const hears = async (count: number): Promise<void> =>
      within(
        DEADLINE_MS,
        `${count} tidings`,
        until(() => told.length >= count),
      );
    const dan = enter('dan');
    await hears(1);
    const eve = enter('eve');
    await hears(2);
    const startedMs = performance.now();
    // Twice as long as it would be kept without its pongs.
    await within(
      DEADLINE_MS,
      'time',
      until(() => performance.now() - startedMs > 1800),
    );
    await ann.leave();
    await dan;
    await hears(4);
    await bob.leave();
    await eve;
    expect(told).toEqual([
      ['dan', 1, 1],
      ['eve', 2, 2],
      ['dan', 'joined', 2],
      ['eve', 1, 1],
      ['eve', 'joined', 2],
    ]);
    await Promise.all([cid, await dan, await eve].map(member => member.leave()));
  });

  it('R-JOIN-4 is left by a signal, and by joinWithinMs; past its end a group is FULL', async () => {
    const [ann, bob, cid] = await trio();
    const group = ann.group ?? '';
    const url = `rankd://127.0.0.1:${server.port}`;
    const calling = new AbortController();
    let waitingCount = 0;
    const prepare = (member: Membership): void => void member.on('waiting', () => (waitingCount += 1));
    const calledOff = join(url, { group, signal: calling.signal, prepare });
    const tooLate = join(url, { group, joinWithinMs: 4000, prepare });
    calledOff.catch(() => undefined);
    tooLate.catch(() => undefined);
    await within(
      DEADLINE_MS,
      'two that wait',
      until(() => waitingCount >= 2),
    );
    await expect(join(url, { group, joinWithinMs: 2000 })).rejects.toMatchObject(codeOf('FULL'));
    calling.abort();
    await expect(calledOff).rejects.toMatchObject(codeOf('ABORTED'));
    await expect(tooLate).rejects.toMatchObject(codeOf('CONNECT_FAILED'));
    await Promise.all([ann, bob, cid].map(member => member.leave()));
  });
});

describe('an administrator', () => {
  it('R-ADMIN-1 removes a member: its membership is closed with REMOVED, and it does not come back', async () => {
    const [ann, bob, cid, admin] = await trio();
    const closed = next(bob, 'closed');
    const promoted = next(cid, 'rank');
    const waiting = bob.untilRank(0);
    waiting.catch(() => undefined);
    await admin.remove(1);
    await expect(closed).resolves.toMatchObject({ error: { ...codeOf('REMOVED'), retry: false } });
    await expect(promoted).resolves.toMatchObject({ rank: 1, was: 2, cause: { kind: 'left', reason: 'REMOVED' } });
    await expect(waiting).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    expect([bob.rank, bob.member, bob.isClosed]).toEqual([undefined, undefined, true]);
    await within(
      DEADLINE_MS,
      'lead of what is over',
      bob.lead(() => undefined),
    );
    admin.leave();
    await Promise.all([ann, cid].map(member => member.leave()));
  });

  it('R-LEAD-2 moves the leader: it is told to stop and why, its work ends, and everybody hears of it', async () => {
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
    const [first, last] = [next(cid, 'rank'), next(ann, 'rank')];
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

/** Views reach different members in any order. */
function byOrderIn(log: readonly unknown[]): (a: unknown, b: unknown) => number {
  const texts = log.map(entry => JSON.stringify(entry));
  return (a, b) => texts.indexOf(JSON.stringify(a)) - texts.indexOf(JSON.stringify(b));
}

describe('waiting for a rank', () => {
  it('resolves at once with that rank or a smaller one, else when it has it; `next` is first in line', async () => {
    const [ann, bob, cid] = await trio();
    await ann.untilRank(0);
    await bob.untilRank(2);
    expect([ann.next, bob.next, cid.next]).toEqual([false, true, false]);
    const leads = cid.untilRank(0);
    const isNext = cid.untilRank(1);
    await ann.leave();
    await within(DEADLINE_MS, 'rank 1', isNext);
    expect([cid.rank, cid.next]).toEqual([1, true]);
    await bob.leave();
    await within(DEADLINE_MS, 'rank 0', leads);
    expect([cid.rank, cid.next]).toEqual([0, false]);
    await cid.leave();
  });

  it('rejects with ABORTED where it is called off', async () => {
    const [ann, bob, cid] = await trio();
    const calling = new AbortController();
    const until = bob.untilRank(0, { signal: calling.signal });
    calling.abort('enough');
    await expect(until).rejects.toMatchObject({ ...codeOf('ABORTED'), cause: 'enough' });
    await Promise.all([ann, bob, cid].map(member => member.leave()));
  });
});

describe('leaving', () => {
  it('R-LEAD-1 acts no more as soon as it is asked for, lets its work end, and only then says goodbye', async () => {
    const [ann, bob, cid] = await trio();
    const log: string[] = [];
    let finish: () => void = () => undefined;
    const work = new Promise<void>(resolve => (finish = resolve));
    const over = ann.lead(async signal => {
      log.push('leads');
      await new Promise(resolve => signal.addEventListener('abort', resolve));
      log.push('is told to stop');
      await work;
      log.push('has stopped');
    });
    const deputy = bob.untilRank(0).then(() => log.push('deputy leads'));
    await ann.untilRank(0);
    const left = ann.leave();
    expect([ann.rank, ann.fence]).toEqual([undefined, undefined]);
    setImmediate(finish);
    await Promise.all([left, over, deputy]);
    expect(log).toEqual(['leads', 'is told to stop', 'has stopped', 'deputy leads']);
    await Promise.all([bob, cid].map(member => member.leave()));
  });

  it('waits for work that does not end for one heartbeat at most', async () => {
    const [ann, bob, cid] = await trio();
    const begun = new Promise<void>(resolve => {
      void ann.lead(async () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    await begun;
    const deputy = bob.untilRank(0);
    const startedMs = performance.now();
    await within(DEADLINE_MS, 'leaving', ann.leave());
    await within(DEADLINE_MS, 'the deputy', deputy);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(149);
    await Promise.all([bob, cid].map(member => member.leave()));
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 10));
}
