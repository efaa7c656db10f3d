import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { at, eventually, type Frame, type Joined, numberIn, resumeOf, rosterOf } from '@rankd/testkit';
import { ClusterFixture, readinessOf } from './cluster-fixture.js';

jest.setTimeout(60_000);

let fixture: ClusterFixture;

beforeAll(async () => {
  fixture = await ClusterFixture.launch(3, { RANKD_ADMIN_TOKEN: 'let me decide' });
});
afterEach(() => {
  for (const server of fixture.servers) server.hangUp();
});
afterAll(async () => {
  await fixture.dispose();
});

describe('one order over all servers', () => {
  it('R-JOIN-2 ranks members in the order of their arrival at any server, and names the cluster', async () => {
    const members = await fixture.joinInTurn(6, fixture.freshGroup());
    expect(members.map(({ welcome }) => [welcome['rank'], welcome['slot'], welcome['view']])).toEqual(
      members.map((_, rank) => [rank, rank, rank + 1]),
    );
    const clusters = new Set(members.map(({ welcome }) => welcome['cluster']));
    const epochs = new Set(members.map(({ welcome }) => welcome['epoch']));
    expect([clusters.size, typeof at(members, 0).welcome['cluster'], epochs.size]).toEqual([1, 'string', 1]);
  });

  it('R-JOIN-2 gives each rank once to members that join at all servers at the same time', async () => {
    const group = fixture.freshGroup();
    const joining = Array.from({ length: 30 }, async (_, index) => await fixture.server(index % 3).join({ group }));
    const ranks = (await Promise.all(joining)).map(({ welcome }) => numberIn(welcome, 'rank'));
    expect(ranks.sort((a, b) => a - b)).toEqual(ranks.map((_, rank) => rank));
  });

  it('R-VIEW-3 sends the same views in the same order at every server', async () => {
    const group = fixture.freshGroup();
    const observers = await Promise.all([0, 1, 2].map(async index => await fixture.observer(index, group)));
    const members = await fixture.joinInTurn(5, group);
    at(members, 2).peer.destroy();
    at(members, 0).peer.send({ type: 'leave' });
    const last = async (index: number): Promise<Frame[]> => {
      const peer = at(observers, index);
      await peer.until(({ type, size, view }) => type === 'view' && size === 3 && view === 7, 10_000);
      return await rosterOf(peer);
    };
    const rosters = await Promise.all([last(0), last(1), last(2)]);
    expect(rosters[0].map(row => row['member'])).toEqual([1, 3, 4].map(index => at(members, index).id));
    expect(rosters[1]).toEqual(rosters[0]);
    expect(rosters[2]).toEqual(rosters[0]);
    const changes = observers.map(peer =>
      peer.frames.filter(({ type }) => type === 'view').flatMap(frame => [frame['view'], frame['seq']]),
    );
    for (const views of changes) expect(views).toEqual([...views].sort((a, b) => Number(a) - Number(b)));
  });

  it('R-JOIN-1 sends the size of many joins at other servers in few views, and before a command', async () => {
    const group = fixture.freshGroup();
    const [leader, watcher] = [
      await fixture.server(0).join({ group, updates: 'size' }),
      await fixture.server(1).join({ group, updates: 'size' }),
    ];
    await Promise.all(Array.from({ length: 30 }, async () => await fixture.server(2).join({ group })));
    const order = { type: 'command', id: '1', name: 'go', to: { ranks: [1, 99] }, reply: 'outcome' };
    leader.peer.send(order);
    expect(await leader.peer.next('receipt')).toMatchObject({ accepted: true, recipients: 1, unmatched: [99] });
    const { seq } = await watcher.peer.next('command');
    for (const { peer } of [leader, watcher]) {
      const views = peer.frames.filter(({ type }) => type === 'view');
      expect(views.at(-1)).toMatchObject({ size: 32 });
      // Each of the 31 joins would be a view without the delay. The joins may take several times 200 ms.
      expect(views.length).toBeLessThan(15);
      const types = peer.frames.map(({ type }) => type).filter(type => ['view', 'command', 'receipt'].includes(type));
      expect(types.indexOf('view')).toBeLessThan(types.findIndex(type => type !== 'view'));
    }
    watcher.peer.send({ type: 'result', seq, status: 'failed', error: { code: 'NO_PAPER' } });
    const missing = [{ member: watcher.id, rank: 1, status: 'failed', code: 'NO_PAPER' }];
    expect(await leader.peer.next('outcome')).toMatchObject({ failed: 1, missing });
  });

  it('R-VIEW-1 promotes members at other servers when one leaves', async () => {
    const members = await fixture.joinInTurn(4, fixture.freshGroup());
    at(members, 0).peer.destroy();
    for (const [index, { peer }] of members.slice(1).entries()) {
      expect(await peer.next('view')).toMatchObject({ rank: index, was: index + 1, size: 3, cause: { kind: 'left' } });
    }
  });
});

describe('commands over all servers', () => {
  const answerEach = async ({ peer }: Joined, status: string): Promise<Frame> => {
    const command = await peer.next('command');
    peer.send({ type: 'result', seq: command['seq'], status, value: status });
    return command;
  };

  it('R-CMD-4 R-CMD-7 reach members at every server, and the outcome counts each of them', async () => {
    const members = await fixture.joinInTurn(5, fixture.freshGroup());
    const sender = at(members, 1);
    sender.peer.send({ type: 'command', id: 'c', name: 'print', args: { x: 1e30 }, to: 'all', reply: 'each' });
    expect(await sender.peer.next('receipt')).toMatchObject({
      accepted: true,
      recipients: 3,
      refused: [{ rank: 0, code: 'OUTRANKED' }],
    });
    const given = await Promise.all(
      [2, 3, 4].map(async rank => await answerEach(at(members, rank), rank === 3 ? 'failed' : 'done')),
    );
    expect(given.map(({ from }) => from)).toEqual(Array(3).fill({ member: sender.id, rank: 1, name: 'name-1' }));
    expect(await sender.peer.next('outcome')).toMatchObject({
      id: 'c',
      recipients: 3,
      done: 2,
      failed: 1,
      missing: [{ rank: 3, status: 'failed' }],
    });
    expect(sender.peer.frames.filter(({ type }) => type === 'result')).toHaveLength(3);
    expect(await at(members, 0).peer.awaitUntakenFrames()).toEqual([]);
  });

  it('R-CMD-2 are refused if they are for a superior at another server', async () => {
    const members = await fixture.joinInTurn(3, fixture.freshGroup());
    const { peer } = at(members, 2);
    peer.send({ type: 'command', id: 'up', name: 'print', to: { ranks: [0, 1] } });
    expect(await peer.next('receipt')).toMatchObject({ accepted: false, code: 'OUTRANKED', refusedCount: 2 });
  });

  it('R-CMD-7 end once at the deadline, although every server has the timer', async () => {
    const members = await fixture.joinInTurn(3, fixture.freshGroup());
    const { peer } = at(members, 0);
    peer.send({ type: 'command', id: 'late', name: 'print', deadlineMs: 300 });
    expect(await peer.next('outcome')).toMatchObject({ recipients: 2, expired: 2 });
    for (const { peer: recipient } of members.slice(1)) {
      const { seq } = await recipient.next('command');
      recipient.send({ type: 'result', seq, status: 'done' });
      expect(await recipient.next('error')).toMatchObject({ code: 'LATE_RESULT' });
    }
    expect(await peer.awaitUntakenFrames()).toEqual([
      { type: 'receipt', ...peer.frames.find(({ type }) => type === 'receipt') },
    ]);
  });

  it('R-CMD-3 are counted once, at the server of the sender', async () => {
    const count = async (): Promise<number[]> =>
      await Promise.all(fixture.servers.map(async server => await server.metric('rankd_deliveries_total')));
    const members = await fixture.joinInTurn(3, fixture.freshGroup());
    const before = await count();
    const { peer } = at(members, 0);
    peer.send({ type: 'command', id: 'n', name: 'print', reply: 'none' });
    await Promise.all(members.slice(1).map(async member => await member.peer.next('command')));
    await peer.barrier();
    // Another server may have read the record earlier than the sender's server.
    const counted = await eventually(10_000, 'the count', async () => {
      const more = (await count()).map((each, index) => each - (before[index] ?? 0));
      return more[0] === 0 ? undefined : more;
    });
    expect(counted).toEqual([2, 0, 0]);
  });
});

describe('seats and decisions over all servers', () => {
  it('R-JOIN-6 gives a seat back at another server, and the older session receives REPLACED', async () => {
    const group = fixture.freshGroup();
    const members = await fixture.joinInTurn(3, group);
    const again = await fixture.server(2).join({ group, resume: resumeOf(at(members, 1)) });
    expect(again.welcome).toMatchObject({ member: at(members, 1).id, rank: 1, slot: 1, resumed: true });
    expect(await at(members, 1).peer.next('bye')).toMatchObject({ code: 'REPLACED' });
  });

  it('R-LEAD-1 moves a leader for an administrator at another server only when the leader has yielded', async () => {
    const group = fixture.freshGroup();
    const [leader, deputy] = await fixture.joinInTurn(2, group);
    if (leader === undefined || deputy === undefined) throw new Error('fewer than two members');
    const { peer: admin } = await fixture.server(2).join({ group, role: 'observer', token: 'let me decide' });
    admin.send({ type: 'admin', id: 'm', action: 'move', member: leader.id, rank: 1 });
    await leader.peer.next('yield');
    expect(await deputy.peer.awaitUntakenFrames()).toEqual([]);
    leader.peer.send({ type: 'yielded' });
    expect(await deputy.peer.next('view')).toMatchObject({ rank: 0, was: 1, cause: { kind: 'moved' } });
    expect(await leader.peer.next('view')).toMatchObject({ rank: 1, was: 0 });
    expect(await admin.next('receipt')).toMatchObject({ id: 'm', accepted: true });
  });

  it('lists the servers in /readyz and in the metrics', async () => {
    const { status, cluster } = await readinessOf(fixture.server(1));
    expect([status, cluster['state'], (cluster['servers'] as Frame[]).length]).toEqual([200, 'current', 3]);
    const numbers = ['rankd_servers', 'rankd_epoch', 'rankd_log_lag_entries'];
    const read = await Promise.all(numbers.map(async name => await fixture.server(0).metric(name)));
    expect(read).toEqual([3, 1, 0]);
  });
});
