import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { Membership } from '@rankd/client';
import { TIMINGS } from '@rankd/testkit';
import { type FleetServer, InProcessFleet } from '@rankd/testkit/in-process';
import { Administrator } from '../administrator.js';
import { codeOf, DEADLINE_MS, timedIt } from '../fixture.js';

const fleet = new InProcessFleet();
const it = timedIt(fleet);
let server: FleetServer;

beforeAll(async () => {
  server = await fleet.server({ ...TIMINGS.normal, RANKD_ADMIN_TOKEN: 'admin', RANKD_GRACE_MS: '5000' });
});
afterAll(() => fleet.dispose());

async function trio(): Promise<[Membership, Membership, Membership]> {
  return fleet.joinAll(server.port, ['ann', 'bob', 'cid'], { group: fleet.newGroup() });
}

/** Work that logs when it runs. It needs `stopMs` to stop. */
function lead(me: Membership, log: string[], stopMs: number): void {
  const name = me.name ?? '';
  void me.lead(async signal => {
    log.push(`${name} leads`);
    await new Promise(resolve => signal.addEventListener('abort', resolve));
    await fleet.time.pass(stopMs);
    log.push(`${name} has stopped`);
  });
}

describe('a member that resigns', () => {
  it('R-RESIGN-1 R-LEAD-1 goes last with its session and slot, and the next leader receives rank 0 after its work has stopped', async () => {
    const [ann, bob, cid] = await trio();
    const log: string[] = [];
    lead(ann, log, 50);
    lead(bob, log, 0);
    await fleet.time.pass(5);
    const [{ member, slot }, disconnected] = [ann, [] as string[]];
    ann.on('disconnected', () => disconnected.push('ann'));
    const cause = { kind: 'moved', member: ann.member, name: 'ann', reason: 'RESIGNED' };
    const told = Promise.all([bob, cid, ann].map(async each => fleet.next(each, 'rank')));
    const fence = ann.fence;
    await ann.resign();
    await expect(told).resolves.toEqual([
      { rank: 0, was: 1, size: 3, cause },
      { rank: 1, was: 2, size: 3, cause },
      { rank: 2, was: 0, size: 3, cause },
    ]);
    expect(log).toEqual(['ann leads', 'ann has stopped', 'bob leads']);
    expect([ann.rank, bob.rank, cid.rank, ann.member, ann.slot, disconnected]).toEqual([2, 0, 1, member, slot, []]);
    expect(bob.fence?.view).toBeGreaterThan(fence?.view ?? Infinity);
    expect(ann.server?.features).toEqual(['resign']);
  });

  it('R-RESIGN-1 can be any member, many times, and each has its answer', async () => {
    const [ann, bob, cid] = await trio();
    await bob.resign();
    expect([ann.rank, cid.rank, bob.rank]).toEqual([0, 1, 2]);
    await bob.resign();
    expect([ann.rank, cid.rank, bob.rank]).toEqual([0, 1, 2]);
    await Promise.all([ann.resign(), bob.resign(), cid.resign()]);
    await fleet.time.eventually(DEADLINE_MS, 'three ranks', () =>
      [ann, bob, cid]
        .map(({ rank }) => rank)
        .sort()
        .join() === '0,1,2'
        ? true
        : undefined,
    );
    const { members } = await ann.roster();
    expect(members.map(({ member }) => member)).toEqual(
      [ann, bob, cid].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0)).map(({ member }) => member),
    );
  });

  it('R-RESIGN-1 stays where it is without another member, and leads again with the same fence', async () => {
    const ann = await fleet.join(server.port, { group: fleet.newGroup() });
    const log: string[] = [];
    lead(ann, log, 0);
    await fleet.time.pass(5);
    const { fence } = ann;
    const acting = fleet.next(ann, 'acting');
    await ann.resign();
    await expect(acting).resolves.toEqual({ rank: 0 });
    expect([ann.rank, ann.fence]).toEqual([0, fence]);
    await fleet.time.pass(10);
    expect(log).toEqual(['  leads', '  has stopped', '  leads'].map(line => line.replace(' ', ann.name ?? '')));
  });

  it.each<['rank' | 'size' | 'roster']>([['rank'], ['size'], ['roster']])(
    'R-RESIGN-1 is answered with `updates` %s',
    async updates => {
      const group = fleet.newGroup();
      const [ann, bob] = await fleet.joinAll(server.port, ['ann', 'bob'], { group, updates });
      const told = fleet.next(bob, 'rank');
      await ann.resign();
      await told;
      expect([ann.rank, bob.rank]).toEqual([1, 0]);
      await bob.resign();
      await fleet.time.eventually(DEADLINE_MS, 'rank 0', () => (ann.rank === 0 ? true : undefined));
      expect([ann.rank, bob.rank, ann.size]).toEqual([0, 1, 2]);
    },
  );

  it('R-RESIGN-1 goes behind the last present member, and not behind those that are away', async () => {
    const [ann, bob, cid] = await trio();
    const away = fleet.next(cid, 'closed');
    await cid.close();
    await away;
    await ann.resign();
    const { members } = await bob.roster();
    expect(members.map(({ name, state }) => `${name} ${state}`)).toEqual(['bob present', 'ann present', 'cid away']);
  });

  it('R-LEAD-2 also answers the request of an administrator to yield: the move is done at once, then it is last', async () => {
    const [ann, bob, cid] = await trio();
    const admin = await Administrator.of(ann.group ?? '', await server.server.connect());
    let stop: () => void = () => undefined;
    const stopped = new Promise<void>(resolve => (stop = resolve));
    void ann.lead(async () => stopped);
    await fleet.time.pass(5);
    const asked = fleet.next(ann, 'suspended');
    await admin.move(2, 0);
    await expect(asked).resolves.toEqual({ rank: 0, because: 'yield' });
    const done = ann.resign();
    stop();
    await done;
    await fleet.time.eventually(DEADLINE_MS, 'the move', () => (cid.rank === 0 ? true : undefined));
    expect([cid.rank, bob.rank, ann.rank]).toEqual([0, 1, 2]);
    admin.leave();
  });

  it('R-ASK-1 is in the history with its reason, and in the log', async () => {
    const [ann, bob] = await trio();
    const logged = server.server.event('member.moved', ({ name }) => name === 'ann');
    await ann.resign();
    await expect(logged).resolves.toMatchObject({ reason: 'RESIGNED', rank: 2, promoted: 2 });
    const peer = await server.server.connect();
    peer.send({ type: 'hello', role: 'observer', group: bob.group });
    await peer.next('welcome');
    peer.send({ type: 'history', limit: 1 });
    const cause = { kind: 'moved', name: 'ann', reason: 'RESIGNED' };
    await expect(peer.next('history')).resolves.toMatchObject({ changes: [{ cause }] });
    peer.destroy();
  });

  it('R-RESIGN-1 is FORBIDDEN to an observer, and BAD_MESSAGE before the seat', async () => {
    const observer = await server.server.connect();
    observer.send({ type: 'hello', role: 'observer', group: fleet.newGroup() });
    expect((await observer.next('welcome'))['features']).toEqual(['resign']);
    observer.send({ type: 'resign' });
    await expect(observer.next('error')).resolves.toMatchObject({ code: 'FORBIDDEN' });
    observer.send({ type: 'ping' });
    await observer.next('pong');
    observer.destroy();
    const early = await server.server.connect();
    early.send({ type: 'resign' });
    await expect(early.next('bye')).resolves.toMatchObject({ code: 'HELLO_EXPECTED' });
  });

  it('R-JOIN-1 may be required in hello, and another feature is UNSUPPORTED', async () => {
    const ann = await fleet.join(server.port, { group: fleet.newGroup(), require: ['resign'] });
    expect(ann.rank).toBe(0);
    const other = fleet.join(server.port, { require: ['resign', 'teleport'] });
    await expect(other).rejects.toMatchObject({
      ...codeOf('UNSUPPORTED'),
      message: expect.stringContaining('teleport'),
    });
  });

  it('R-RESIGN-1 takes back its seat at its new rank', async () => {
    const proxy = fleet.proxy(server.port);
    const group = fleet.newGroup();
    const ann = await fleet.join(proxy.port, { group, name: 'ann' });
    const bob = await fleet.join(server.port, { group, name: 'bob' });
    await ann.resign();
    const back = fleet.next(ann, 'joined');
    proxy.reset();
    await expect(back).resolves.toMatchObject({ rank: 1, resumed: true });
    expect(bob.rank).toBe(0);
  });
});
