import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Frame, type Joined, numberIn, type RawPeer } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start();
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

/** Each way in which a member leaves, and the reason in the views of the others. */
const waysToGo: readonly (readonly [string, string, (peer: RawPeer) => void])[] = [
  ['leave', 'LEFT', peer => peer.send({ type: 'leave' })],
  ['FIN', 'CLOSED', peer => peer.destroy()],
  ['RST', 'CLOSED', peer => peer.reset()],
  ['half a close', 'CLOSED', peer => peer.fin()],
];

const leaderOf = ({ id, welcome }: Joined): object => ({ member: id, name: welcome['name'] });

describe('R-VIEW-1 When a member leaves, those below move up and those above receive no view', () => {
  it.each(waysToGo)('closes the gap when a member in the middle leaves by %s', async (_, reason, go) => {
    const members = await server.joinMany(5, server.freshGroup());
    const gone = at(members, 2);
    const below = members.slice(3);
    go(gone.peer);
    const views = await Promise.all(below.map(({ peer }) => peer.next('view')));
    expect(views).toEqual(
      [3, 4].map(was => ({
        type: 'view',
        epoch: gone.welcome['epoch'],
        view: 6,
        seq: 6,
        rank: was - 1,
        was,
        size: 4,
        leader: leaderOf(at(members, 0)),
        changes: 1,
        cause: { kind: 'left', member: gone.id, name: 'name-2', reason },
      })),
    );
    for (const { peer } of [...members.slice(0, 2), ...below]) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });

  it.each(waysToGo)('sends every member the new leader when the leader leaves by %s', async (_, reason, go) => {
    const members = await server.joinMany(4, server.freshGroup());
    const [gone, deputy] = [at(members, 0), at(members, 1)];
    go(gone.peer);
    for (const [index, { peer }] of members.slice(1).entries()) {
      expect(await peer.next('view')).toMatchObject({
        rank: index,
        was: index + 1,
        size: 3,
        leader: leaderOf(deputy),
        cause: { kind: 'left', member: gone.id, reason },
      });
      expect(await peer.awaitUntakenFrames()).toEqual([]);
    }
  });

  it('sends no view when the last member leaves, or when one joins', async () => {
    const group = server.freshGroup();
    const members = await server.joinMany(3, group);
    at(members, 2).peer.send({ type: 'leave' });
    await byeOf(at(members, 2).peer);
    const { welcome } = await server.join({ group });
    expect(welcome).toMatchObject({ rank: 2, size: 3, slot: 2, view: 5 });
    for (const { peer } of members.slice(0, 2)) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });

  it('keeps the order of the others, whichever member leaves', async () => {
    const group = server.freshGroup();
    const members = await server.joinMany(12, group);
    for (const rank of [7, 0, 3, 11, 5]) {
      at(members, rank).peer.send({ type: 'leave' });
      await byeOf(at(members, rank).peer);
    }
    const stayed = [1, 2, 4, 6, 8, 9, 10].map(rank => at(members, rank));
    const asked = at(stayed, 0).peer;
    asked.send({ type: 'roster' });
    const roster = await asked.next('roster');
    expect(roster['members']).toMatchObject(stayed.map(({ id }, rank) => ({ member: id, rank })));
    for (const [rank, { peer }] of stayed.entries()) {
      await peer.barrier();
      expect(peer.frames.findLast(({ type }) => type === 'view')).toMatchObject({ rank });
    }
  });
});

describe('R-VIEW-2 If any number of members leave at once, a member receives one frame', () => {
  it('with the number of changes and the rank that it last received', async () => {
    const members = await server.joinMany(8, server.freshGroup());
    const gone = [1, 2, 5].map(rank => at(members, rank));
    await server.whileStopped(() => gone.forEach(({ peer }) => peer.destroy()));
    const expected = [
      { rank: 1, was: 3, cause: { reason: 'CLOSED' } },
      { rank: 2, was: 4 },
      { rank: 3, was: 6, cause: { member: at(members, 5).id } },
      { rank: 4, was: 7, cause: { member: at(members, 5).id } },
    ];
    for (const [index, rank] of [3, 4, 6, 7].entries()) {
      const { peer } = at(members, rank);
      const common = { type: 'view', view: 11, seq: 11, size: 5, changes: 3 };
      expect(await peer.next('view')).toMatchObject({ ...common, ...at(expected, index) });
      expect(await peer.awaitUntakenFrames()).toEqual([]);
    }
    expect(await at(members, 0).peer.awaitUntakenFrames()).toEqual([]);
  });

  it('with the last cause that moved this member', async () => {
    const members = await server.joinMany(5, server.freshGroup());
    const [watched, behind] = [at(members, 2), at(members, 4)];
    await server.whileStopped(() => {
      at(members, 1).peer.send({ type: 'leave' });
      at(members, 3).peer.send({ type: 'leave' });
    });
    const cause = { kind: 'left', member: at(members, 1).id, name: 'name-1', reason: 'LEFT' };
    expect(await watched.peer.next('view')).toMatchObject({ rank: 1, was: 2, changes: 2, cause });
    expect(await behind.peer.next('view')).toMatchObject({ rank: 2, was: 4, changes: 2 });
  });

  it('also if all members above the last one leave', async () => {
    const members = await server.joinMany(20, server.freshGroup());
    await server.whileStopped(() => members.slice(0, 19).forEach(({ peer }) => peer.reset()));
    const last = at(members, 19);
    expect(await last.peer.next('view')).toMatchObject({ rank: 0, was: 19, size: 1, changes: 19, view: 39 });
    expect(await last.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('has in `was` the last rank that the member received, view after view', async () => {
    const members = await server.joinMany(6, server.freshGroup());
    const { peer } = at(members, 5);
    for (let rank = 5; rank > 0; rank -= 1) {
      at(members, 5 - rank).peer.send({ type: 'leave' });
      expect(await peer.next('view')).toMatchObject({ was: rank, rank: rank - 1, size: rank, changes: 1 });
    }
  });
});

describe('R-VIEW-5 leave takes effect at once', () => {
  it('sends bye LEFT, closes, and ignores later frames', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const gone = at(members, 0).peer;
    gone.send({ type: 'leave' }, { type: 'ping', n: 1 }, { type: 'command', id: '1', name: 'print' });
    expect(await byeOf(gone)).toMatchObject({ code: 'LEFT', retry: false });
    expect(gone.frames.map(({ type }) => type)).toEqual(['welcome', 'bye']);
    expect(await at(members, 1).peer.awaitUntakenFrames()).toMatchObject([{ type: 'view', rank: 0 }]);
  });
});

describe('Terms: a slot is the smallest free number, and stays the same while its member stays', () => {
  it('reuses freed slots, the smallest first', async () => {
    const group = server.freshGroup();
    const members = await server.joinMany(6, group);
    for (const rank of [4, 1, 2]) {
      at(members, rank).peer.send({ type: 'leave' });
      await byeOf(at(members, rank).peer);
    }
    const again = await server.joinMany(4, group);
    expect(again.map(({ welcome }) => [welcome['slot'], welcome['rank']])).toEqual([
      [1, 3],
      [2, 4],
      [4, 5],
      [6, 6],
    ]);
    expect(new Set([...members, ...again].map(({ id }) => id)).size).toBe(10);
  });
});

/** For each command in a transcript: the rank that its member had last received before it. */
function ranksWhenCommanded(peer: RawPeer): Map<number, { readonly rank: number; readonly fromRank: number }> {
  const ranks = new Map<number, { rank: number; fromRank: number }>();
  let rank = -1;
  for (const frame of peer.frames) {
    if (frame.type === 'welcome' || frame.type === 'view') rank = numberIn(frame, 'rank');
    if (frame.type !== 'command') continue;
    const from = frame['from'] as Frame;
    ranks.set(numberIn(frame, 'seq'), { rank, fromRank: numberIn(from, 'rank') });
  }
  return ranks;
}

/** The seqs that R-VIEW-3 puts in one order. Receipts of rejected commands have none. */
function seqsInOrder(peer: RawPeer): number[] {
  const ordered = peer.frames.filter(
    ({ type, seq }) => ['view', 'command', 'receipt'].includes(type) && seq !== undefined,
  );
  return ordered.map(frame => numberIn(frame, 'seq'));
}

/** Checks that seqs rise, and that `was` in each view is the rank that the member had before it. */
function checkTranscript({ peer, welcome }: Joined): void {
  const seqs = [numberIn(welcome, 'seq'), ...seqsInOrder(peer)];
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  let rank = numberIn(welcome, 'rank');
  for (const view of peer.frames.filter(({ type }) => type === 'view')) {
    expect(view['was']).toBe(rank);
    rank = numberIn(view, 'rank');
  }
}

/** Across all transcripts: the recipients of a command are exactly the ranks below its sender. */
function checkCommands(everybody: readonly Joined[]): number {
  const bySeq = new Map<number, { rank: number; fromRank: number }[]>();
  for (const { peer } of everybody) {
    for (const [seq, ranks] of ranksWhenCommanded(peer)) bySeq.set(seq, [...(bySeq.get(seq) ?? []), ranks]);
  }
  for (const { peer } of everybody) {
    for (const receipt of peer.frames.filter(({ type, accepted }) => type === 'receipt' && accepted === true)) {
      const recipients = bySeq.get(numberIn(receipt, 'seq')) ?? [];
      const ranks = recipients.map(({ rank }) => rank).sort((a, b) => a - b);
      const first = at(recipients, 0).fromRank + 1;
      expect(ranks).toEqual(Array.from({ length: numberIn(receipt, 'recipients') }, (_, index) => first + index));
    }
  }
  return bySeq.size;
}

describe('R-VIEW-3 One order for all', () => {
  it('sends a member its rank before a command that carries that view, while members join and leave', async () => {
    const group = server.freshGroup();
    const everybody = await server.joinMany(12, group, rank => ({ updates: rank % 2 === 0 ? 'rank' : 'size' }));
    let present = [...everybody];
    for (let round = 0; round < 40; round += 1) {
      // A leave and the commands of its neighbours. The server receives them in one turn, in any order.
      const gone = at(present, (round * 5) % present.length);
      const order = (id: string): object => ({ type: 'command', id, name: 'go', reply: 'none' });
      await server.whileStopped(() => {
        for (const { peer } of present) {
          if (peer === gone.peer) peer.send(order(`${round}-a`), { type: 'leave' });
          else peer.send(order(`${round}-b`), order(`${round}-c`));
        }
      });
      present = present.filter(member => member !== gone);
      const newcomer = await server.join({ group, name: `late-${round}` });
      everybody.push(newcomer);
      present.push(newcomer);
    }
    await Promise.all(present.map(({ peer }) => peer.barrier()));
    for (const member of everybody) checkTranscript(member);
    expect(checkCommands(everybody)).toBeGreaterThan(40 * 12);
  });

  it('sends the rank first if a leave and the command after it arrive in one flush cycle', async () => {
    const members = await server.joinMany(4, server.freshGroup());
    const [leader, gone] = [at(members, 0), at(members, 1)];
    await server.whileStopped(() => {
      gone.peer.send({ type: 'leave' });
      leader.peer.send({ type: 'command', id: '1', name: 'go' });
    });
    const receipt = await leader.peer.next('receipt');
    for (const { peer } of members.slice(2)) {
      const order = receipt['view'] === 5 ? ['view', 'command'] : ['command', 'view'];
      expect((await peer.awaitUntakenFrames()).map(({ type }) => type)).toEqual(order);
    }
  });
});
