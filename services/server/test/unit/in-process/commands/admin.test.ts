import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Joined, numberIn, type RawPeer, rosterOf, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const ADMIN = 'let me decide';
const TOKEN = 'open sesame';

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    RANKD_TOKEN: TOKEN,
    RANKD_ADMIN_TOKEN: ADMIN,
    ...TIMINGS.quick,
    RANKD_FRAME_BYTES_MAX: '8192',
    RANKD_GRACE_MS: '60000',
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

interface Governed {
  readonly group: string;
  readonly members: Joined[];
  readonly admin: Joined;
}

/** Members that answer `yield` at once, and an administrator that observes. */
async function governed(count: number): Promise<Governed> {
  const group = server.freshGroup();
  const members = await server.joinMany(count, group, () => ({ token: TOKEN }));
  const admin = await server.join({ group, token: ADMIN, role: 'observer', name: 'root' });
  return { group, members, admin };
}

const idsOf = (members: readonly Joined[]): string[] => members.map(({ id }) => id);

async function orderOf(peer: RawPeer): Promise<unknown[]> {
  return (await rosterOf(peer)).map(({ member }) => member);
}

describe('R-JOIN-5 The admin token admits a session', () => {
  it.each(['member', 'observer'])('admits a %s', async role => {
    const { welcome } = await server.join({ group: server.freshGroup(), token: ADMIN, role });
    expect(welcome['rank']).toBe(role === 'member' ? 0 : undefined);
  });

  it.each(['', 'let me', `${ADMIN}!`, TOKEN.toUpperCase()])('sends UNAUTHORIZED for %j', async token => {
    for (const role of ['member', 'observer']) {
      const peer = await server.connect();
      peer.send({ type: 'hello', token, role });
      expect(['UNAUTHORIZED', 'BAD_MESSAGE']).toContain((await byeOf(peer))['code']);
    }
  });
});

describe('R-ADMIN-1 Only an administrator may administer', () => {
  it.each([{ action: 'move', rank: 0 }, { action: 'remove' }, { action: 'command', name: 'go', to: 'all' }])(
    'sends FORBIDDEN for a $action from a member, an observer and the leader',
    async message => {
      const { group, members, admin } = await governed(3);
      const eve = await server.join({ group, token: TOKEN, role: 'observer' });
      for (const { peer } of [at(members, 2), at(members, 0), eve]) {
        peer.send({ type: 'admin', id: 'x', member: at(members, 1).id, ...message });
        expect(await peer.next('receipt')).toMatchObject({ id: 'x', accepted: false, code: 'FORBIDDEN' });
      }
      expect(await orderOf(admin.peer)).toEqual(idsOf(members));
      for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
    },
  );

  it('sends BAD_MESSAGE for an unknown action', async () => {
    const { admin } = await governed(1);
    admin.peer.send({ type: 'admin', id: 'x', action: 'promote', member: 'm' });
    expect(await byeOf(admin.peer)).toMatchObject({ code: 'BAD_MESSAGE' });
  });
});

describe('R-ADMIN-1 move gives a member another rank, and the members between the two ranks shift by one', () => {
  it.each([
    [4, 1, [0, 4, 1, 2, 3]],
    [1, 4, [0, 2, 3, 4, 1]],
    [2, 3, [0, 1, 3, 2, 4]],
    [3, 2, [0, 1, 3, 2, 4]],
  ])('moves rank %d to %d and sends a view to each member whose rank changed', async (from, to, order) => {
    const { members, admin } = await governed(5);
    admin.peer.send({ type: 'admin', id: 'a', action: 'move', member: at(members, from).id, rank: to });
    const receipt = { type: 'receipt', id: 'a', accepted: true, seq: 6, view: 6, refused: [], refusedCount: 0 };
    const [view, said] = [await admin.peer.next(), await admin.peer.next()];
    const cause = { kind: 'moved', member: at(members, from).id };
    expect(view).toMatchObject({
      view: 6,
      seq: 6,
      size: 5,
      cause,
      moved: [{ member: at(members, from).id, rank: to }],
    });
    expect(said).toEqual(receipt);
    expect(await orderOf(admin.peer)).toEqual(order.map(rank => at(members, rank).id));
    for (const [rank, was] of order.entries()) {
      const { peer } = at(members, was);
      const frames = await peer.awaitUntakenFrames();
      if (rank === was) expect(frames).toEqual([]);
      else expect(frames).toMatchObject([{ type: 'view', rank, was, size: 5, changes: 1, cause }]);
    }
  });

  it('accepts a move of a member to its own rank, and changes nothing', async () => {
    const { members, admin } = await governed(3);
    for (const rank of [0, 1]) {
      admin.peer.send({ type: 'admin', id: 'a', action: 'move', member: at(members, rank).id, rank });
      expect(await admin.peer.next('receipt')).toMatchObject({ accepted: true, view: 3 });
    }
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });

  it('keeps slots, and judges commands by the new ranks', async () => {
    const { members, admin } = await governed(3);
    admin.peer.send({ type: 'admin', id: 'a', action: 'move', member: at(members, 2).id, rank: 1 });
    await admin.peer.next('receipt');
    expect(await rosterOf(admin.peer)).toMatchObject([{ slot: 0 }, { slot: 2 }, { slot: 1 }]);
    const { peer } = at(members, 2);
    peer.send({ type: 'command', id: '1', name: 'go', to: 'below' });
    expect(await peer.next('receipt')).toMatchObject({ accepted: true, recipients: 1 });
    expect(await at(members, 1).peer.next('command')).toMatchObject({ from: { rank: 1, member: at(members, 2).id } });
  });

  it('moves an away member like any other', async () => {
    const { members, admin } = await governed(3);
    at(members, 1).peer.destroy();
    expect(await admin.peer.next('view')).toMatchObject({ cause: { kind: 'away' } });
    admin.peer.send({ type: 'admin', id: 'a', action: 'move', member: at(members, 1).id, rank: 2 });
    expect(await admin.peer.next('receipt')).toMatchObject({ accepted: true });
    expect(await at(members, 2).peer.next('view')).toMatchObject({ rank: 1, was: 2 });
  });
});

describe('R-ADMIN-1 remove ends a member’s session with bye REMOVED', () => {
  it('sends the reason to the member, a view to the others and a receipt to the administrator', async () => {
    const { members, admin } = await governed(4);
    const gone = at(members, 2);
    admin.peer.send({ type: 'admin', id: 'a', action: 'remove', member: gone.id, reason: 'too noisy' });
    const bye = await byeOf(gone.peer);
    expect(bye).toMatchObject({ code: 'REMOVED', retry: false });
    expect(bye['message']).toContain('too noisy');
    const cause = { kind: 'left', member: gone.id, reason: 'REMOVED' };
    expect(await at(members, 3).peer.next('view')).toMatchObject({ rank: 2, was: 3, size: 3, cause });
    expect(await admin.peer.next('receipt')).toMatchObject({ id: 'a', accepted: true, view: 5 });
    for (const { peer } of members.slice(0, 2)) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });

  it('gives no grace period, and rejects the secret of the removed member', async () => {
    const { group, members, admin } = await governed(3);
    const gone = at(members, 1);
    admin.peer.send({ type: 'admin', id: 'a', action: 'remove', member: gone.id });
    await byeOf(gone.peer);
    const resume = { member: gone.id, secret: gone.welcome['resume'] };
    expect((await server.join({ group, token: TOKEN, resume })).welcome).toMatchObject({ rank: 2, resumed: false });
  });

  it('removes an away member, and the administrator itself', async () => {
    const { group, members } = await governed(2);
    const self = await server.join({ group, token: ADMIN, updates: 'roster' });
    at(members, 1).peer.destroy();
    await self.peer.next('view');
    self.peer.send({ type: 'admin', id: 'a', action: 'remove', member: at(members, 1).id });
    expect(await self.peer.next('receipt')).toMatchObject({ accepted: true });
    self.peer.send({ type: 'admin', id: 'b', action: 'remove', member: self.id });
    expect(await byeOf(self.peer)).toMatchObject({ code: 'REMOVED' });
    expect(await orderOf(at(members, 0).peer)).toEqual([at(members, 0).id]);
  });
});

describe('R-ADMIN-1 An unknown member or rank is NO_SUCH_TARGET', () => {
  it.each([
    ['a move of an unknown member', { action: 'move', member: 'm0000000000000000', rank: 0 }],
    ['a removal of an unknown member', { action: 'remove', member: 'm0000000000000000' }],
  ])('sends it for %s', async (_, message) => {
    const { members, admin } = await governed(2);
    admin.peer.send({ type: 'admin', id: 'a', ...message });
    expect(await admin.peer.next('receipt')).toMatchObject({ id: 'a', accepted: false, code: 'NO_SUCH_TARGET' });
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });

  it('sends it for a rank past the last, a command without a recipient, and an empty group', async () => {
    const { members, admin } = await governed(2);
    const messages = [
      { action: 'move', member: at(members, 0).id, rank: 2 },
      { action: 'command', name: 'go', to: { ranks: [2] } },
    ];
    for (const message of messages) {
      admin.peer.send({ type: 'admin', id: 'a', ...message });
      expect(await admin.peer.next('receipt')).toMatchObject({ accepted: false, code: 'NO_SUCH_TARGET' });
    }
    const alone = await server.join({ group: server.freshGroup(), token: ADMIN, role: 'observer' });
    for (const message of messages) {
      alone.peer.send({ type: 'admin', id: 'a', ...message });
      expect(await alone.peer.next('receipt')).toMatchObject({ accepted: false, code: 'NO_SUCH_TARGET' });
    }
    alone.peer.send({ type: 'admin', id: 'a', action: 'command', name: 'go' });
    expect(await alone.peer.next('receipt')).toMatchObject({ accepted: false, code: 'NO_RECIPIENTS' });
  });
});

describe('R-ADMIN-1 command comes from rank -1, so every member may execute it', () => {
  it('reaches rank 0, and the observer that sent it receives results and outcome', async () => {
    const { members, admin } = await governed(3);
    admin.peer.send({ type: 'admin', id: 'a', action: 'command', name: 'go', args: [1], reply: 'each' });
    const receipt = await admin.peer.next('receipt');
    expect(receipt).toMatchObject({ id: 'a', accepted: true, recipients: 3, refusedCount: 0 });
    for (const { peer } of members) {
      const order = await peer.next('command');
      expect(order).toMatchObject({ name: 'go', args: [1], from: { member: admin.id, rank: -1, name: 'root' } });
      peer.send({ type: 'result', seq: order['seq'], status: 'done', value: 'ok' });
    }
    const ranks: unknown[] = [];
    for (let count = 0; count < 3; count += 1) {
      const result = await admin.peer.next('result');
      expect(result).toMatchObject({ id: 'a', seq: receipt['seq'], status: 'done', value: 'ok' });
      ranks.push((result['from'] as { rank: number }).rank);
    }
    expect(ranks.sort()).toEqual([0, 1, 2]);
    expect(await admin.peer.next('outcome')).toMatchObject({ id: 'a', recipients: 3, done: 3 });
  });

  it('reaches also the member that has the admin token, separate from its commands as a member', async () => {
    const { group, members } = await governed(1);
    const both = await server.join({ group, token: ADMIN, name: 'both' });
    both.peer.send({ type: 'admin', id: 'a', action: 'command', name: 'go', to: 'all' });
    expect(await both.peer.next('receipt')).toMatchObject({ accepted: true, recipients: 2 });
    const own = await both.peer.next('command');
    expect(own).toMatchObject({ from: { member: both.id, rank: -1 } });
    both.peer.send({ type: 'command', id: 'b', name: 'go', to: { ranks: [0] } });
    expect(await both.peer.next('receipt')).toMatchObject({ id: 'b', accepted: false, code: 'OUTRANKED' });
    both.peer.send({ type: 'result', seq: own['seq'], status: 'done' });
    const above = await at(members, 0).peer.next('command');
    at(members, 0).peer.send({ type: 'result', seq: above['seq'], status: 'failed' });
    expect(await both.peer.next('outcome')).toMatchObject({ id: 'a', done: 1, failed: 1 });
  });

  it('R-CMD-3 is rejected with DUPLICATE_ID and PAYLOAD_TOO_LARGE like a member’s command', async () => {
    const { members, admin } = await governed(1);
    const order = { type: 'admin', id: 'a', action: 'command', name: 'go' };
    admin.peer.send(order, order);
    expect(await admin.peer.next('receipt')).toMatchObject({ accepted: true });
    expect(await admin.peer.next('receipt')).toMatchObject({ accepted: false, code: 'DUPLICATE_ID' });
    admin.peer.send({ ...order, id: 'b', args: 'x'.repeat(7200) });
    expect(await admin.peer.next('receipt')).toMatchObject({ id: 'b', accepted: false, code: 'PAYLOAD_TOO_LARGE' });
    expect(await at(members, 0).peer.awaitUntakenFrames()).toHaveLength(1);
  });

  it('R-CMD-8 is executed even if the administrator leaves', async () => {
    const { members, admin } = await governed(1);
    admin.peer.send({ type: 'admin', id: 'a', action: 'command', name: 'go' }, { type: 'leave' });
    const { peer } = at(members, 0);
    const order = await peer.next('command');
    peer.send({ type: 'result', seq: order['seq'], status: 'done' });
    expect(await peer.awaitUntakenFrames()).toEqual([]);
    expect(numberIn(order, 'seq')).toBe(2);
  });
});
