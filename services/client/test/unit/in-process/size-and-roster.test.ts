import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { JoinOptions, Membership, SizeChange } from '@rankd/client';
import { limits } from '@rankd/protocol';
import { type FleetServer, InProcessFleet } from '@rankd/testkit/in-process';
import { codeOf, KEEPS_SEATS, timedIt } from './fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: FleetServer;

beforeAll(async () => {
  server = await fleet.server(KEEPS_SEATS);
});
afterAll(() => fleet.dispose());

/** The events of a member in order: `size 1>2`, or `rank 0 of 2`. */
function eventsOf(member: Membership): string[] {
  const events: string[] = [];
  member.on('size', ({ size, was }) => events.push(`size ${was}>${size}`));
  member.on('rank', ({ rank, size }) => events.push(`rank ${rank} of ${size}`));
  member.on('joined', ({ rank, size }) => events.push(`joined ${rank} of ${size}`));
  return events;
}

async function watched(options: JoinOptions): Promise<{ me: Membership; events: string[] }> {
  let events: string[] = [];
  const prepare = (me: Membership): void => void (events = eventsOf(me));
  return { me: await fleet.join(server.port, { ...options, prepare }), events };
}

const sizesSent = async (): Promise<void> => fleet.time.pass(limits.sizeDelayMsMax + 20);

describe('the size of the group', () => {
  it('R-JOIN-1 is right without options: three joins read 0 of 1, 1 of 2, 2 of 3', async () => {
    const group = fleet.newGroup();
    const lines: string[] = [];
    const members: Membership[] = [];
    for (const name of ['ann', 'bob', 'cid']) {
      const me = await fleet.join(server.port, { group, name });
      lines.push(`${me.rank} of ${me.size}`);
      members.push(me);
    }
    expect(lines).toEqual(['0 of 1', '1 of 2', '2 of 3']);
    await sizesSent();
    expect(members.map(({ size }) => size)).toEqual([3, 3, 3]);
  });

  it('R-JOIN-1 is reported by the event `size`, and not by `rank`, unless `updates` is given', async () => {
    const group = fleet.newGroup();
    const first = await watched({ group, name: 'ann' });
    const told = await watched({ group, name: 'bob', updates: 'size' });
    await sizesSent();
    expect(first.events).toEqual(['joined 0 of 1', 'size 1>2']);
    const cid = await fleet.join(server.port, { group, name: 'cid' });
    await sizesSent();
    expect(first.events.slice(2)).toEqual(['size 2>3']);
    expect(told.events).toEqual(['joined 1 of 2', 'rank 1 of 3', 'size 2>3']);
    await cid.leave();
    await sizesSent();
    expect(first.events.slice(3)).toEqual(['size 3>2']);
    expect([first.me.size, told.me.size]).toEqual([2, 2]);
  });

  it('R-VIEW-1 comes with a promotion, after the event `rank`, and is read in it', async () => {
    const group = fleet.newGroup();
    const ann = await fleet.join(server.port, { group, name: 'ann' });
    const { me, events } = await watched({ group, name: 'bob' });
    const sizes: (number | undefined)[] = [];
    me.on('rank', () => sizes.push(me.size));
    await ann.leave();
    await sizesSent();
    expect(events).toEqual(['joined 1 of 2', 'rank 0 of 1', 'size 2>1']);
    expect(sizes).toEqual([1]);
  });

  it('R-JOIN-1 follows only the rank and the leader with `updates: rank`', async () => {
    const group = fleet.newGroup();
    const { me, events } = await watched({ group, updates: 'rank' });
    const bob = await fleet.join(server.port, { group, name: 'bob' });
    await sizesSent();
    expect([me.size, events]).toEqual([1, ['joined 0 of 1']]);
    await bob.leave();
  });

  it('R-JOIN-6 is reported after `joined` if it has changed while the member had no session', async () => {
    const group = fleet.newGroup();
    const proxy = fleet.proxy(server.port);
    let events: string[] = [];
    const prepare = (me: Membership): void => void (events = eventsOf(me));
    const me = await fleet.join(proxy.port, { group, name: 'ann', prepare });
    const [ended, back] = [fleet.next(me, 'disconnected'), fleet.next(me, 'joined')];
    proxy.reset();
    await ended;
    const bob = await fleet.join(server.port, { group, name: 'bob' });
    await back;
    await sizesSent();
    expect(events).toEqual(['joined 0 of 1', 'joined 0 of 2', 'size 1>2']);
    expect(me.size).toBe(2);
    await bob.leave();
  });

  it('R-JOIN-1 arrives before a command that was sent after the join', async () => {
    const group = fleet.newGroup();
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group });
    const sizes: (number | undefined)[] = [];
    const changes: SizeChange[] = [];
    bob.handle('count', () => void sizes.push(bob.size));
    bob.on('size', change => changes.push(change));
    await fleet.join(server.port, { group, name: 'cid' });
    await ann.command('count', null, { to: { names: ['bob'] } });
    expect([sizes, changes, ann.size]).toEqual([[3], [{ size: 3, was: 2 }], 3]);
  });
});

describe('the roster', () => {
  it('R-ASK-1 has the members by rank', async () => {
    const group = fleet.newGroup();
    const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group });
    const roster = await bob.roster();
    expect(roster).toMatchObject({ group, size: 2, view: 2 });
    expect(roster.members).toMatchObject([
      { rank: 0, member: ann.member, name: 'ann', slot: 0, state: 'present' },
      { rank: 1, member: bob.member, name: 'bob', slot: 1, state: 'present' },
    ]);
  });

  it('R-ASK-1 answers each call in order, also beside `partitions`', async () => {
    const group = fleet.newGroup();
    const ann = await fleet.join(server.port, { group, name: 'ann', updates: 'roster' });
    ann.partitions(4, { acquire: () => undefined });
    const first = ann.roster();
    const second = first.then(async () => ann.roster());
    const third = ann.roster();
    expect((await Promise.all([first, second, third])).map(({ size }) => size)).toEqual([1, 1, 1]);
    await fleet.join(server.port, { group, name: 'bob' });
    expect((await ann.roster()).members.map(({ name }) => name)).toEqual(['ann', 'bob']);
  });

  it('R-ASK-1 is answered although `partitions` replaces the session', async () => {
    const ann = await fleet.join(server.port, { group: fleet.newGroup(), name: 'ann' });
    const replaced = fleet.next(ann, 'joined');
    ann.partitions(4, { acquire: () => undefined });
    const calls = [ann.roster(), replaced.then(async () => ann.roster())];
    expect(await Promise.all(calls)).toMatchObject([{ size: 1 }, { size: 1 }]);
  });

  it('R-ASK-1 rejects with RATE_LIMITED after 10 calls in a second, and each other call has its own answer', async () => {
    const ann = await fleet.join(server.port, { group: fleet.newGroup(), name: 'ann' });
    const calls = await Promise.allSettled(Array.from({ length: 11 }, async () => ann.roster()));
    expect(calls.map(({ status }) => status)).toEqual([...Array<string>(10).fill('fulfilled'), 'rejected']);
    expect(calls[10]).toMatchObject({ reason: codeOf('RATE_LIMITED') });
    await fleet.time.pass(1000);
    expect(await ann.roster()).toMatchObject({ size: 1 });
  });

  it('rejects with NOT_CONNECTED without a session, and when it ends first', async () => {
    const proxy = fleet.proxy(server.port);
    const ann = await fleet.join(proxy.port, { group: fleet.newGroup(), name: 'ann' });
    const call = ann.roster();
    proxy.reset();
    await expect(call).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
    await ann.leave();
    await expect(ann.roster()).rejects.toMatchObject(codeOf('NOT_CONNECTED'));
  });
});
