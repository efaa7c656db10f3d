import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { at, type Frame, type Joined, numberIn, type RawPeer } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const FRAME_BYTES_MAX = 8192;
const CROWD = 130;

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    RANKD_FRAME_BYTES_MAX: String(FRAME_BYTES_MAX),
    RANKD_MEMBERS_MAX: String(CROWD + 1),
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

interface RosterRow {
  readonly rank: number;
  readonly member: string;
  readonly name: string;
  readonly tags: object;
}

const rowsOf = (frame: Frame): RosterRow[] => frame['members'] as RosterRow[];

/** Receives `roster` frames up to the last one. */
async function wholeRoster(peer: RawPeer): Promise<Frame[]> {
  const frames: Frame[] = [];
  do frames.push(await peer.next('roster'));
  while (at(frames, -1)['more'] === true);
  return frames;
}

function expectFramesToFit(members: readonly Joined[]): void {
  for (const { peer } of members) {
    for (const { bytes } of peer.received) expect(bytes).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  }
}

describe('R-ASK-1 roster lists the members by rank', () => {
  it('has every field with its type', async () => {
    const group = server.freshGroup();
    const startedMs = server.wallMs;
    const ann = await server.join({ group, name: 'ann', tags: { zone: 'a', ü: '🚀' } });
    const bob = await server.join({ group, name: 'bob' });
    bob.peer.send({ type: 'roster' });
    const roster = await bob.peer.next('roster');
    const address = expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown;
    const common = { address, joinedAt: expect.any(String), state: 'present' };
    expect(roster).toEqual({
      type: 'roster',
      group,
      epoch: ann.welcome['epoch'],
      view: 2,
      size: 2,
      members: [
        { rank: 0, member: ann.id, name: 'ann', slot: 0, tags: { zone: 'a', ü: '🚀' }, ...common },
        { rank: 1, member: bob.id, name: 'bob', slot: 1, tags: {}, ...common },
      ],
      more: false,
    });
    for (const row of rowsOf(roster) as unknown as { joinedAt: string }[]) {
      expect(Date.parse(row.joinedAt)).toBe(startedMs);
    }
  });

  it('answers ten a second, and rejects the others with RATE_LIMITED', async () => {
    const { peer } = await server.join({ group: server.freshGroup() });
    const other = await server.join({ group: server.freshGroup() });
    peer.send(...Array.from({ length: 15 }, () => ({ type: 'roster' })));
    const answers = await peer.awaitUntakenFrames();
    expect(answers.map(({ type }) => type)).toEqual([
      ...Array<string>(10).fill('roster'),
      ...Array<string>(5).fill('error'),
    ]);
    expect(answers.at(-1)).toMatchObject({ code: 'RATE_LIMITED' });
    other.peer.send({ type: 'roster' });
    expect(await other.peer.next('roster')).toMatchObject({ size: 1 });
    await server.time.eventually(10_000, 'another roster', async () => {
      const before = peer.frames.filter(({ type }) => type === 'roster').length;
      peer.send({ type: 'roster' });
      await peer.barrier();
      return peer.frames.filter(({ type }) => type === 'roster').length > before ? true : undefined;
    });
  });
});

describe(`R-FRAME-2 No frame from the server is longer than frameBytesMax, in a group of ${CROWD} long names`, () => {
  let crowd: Joined[];

  beforeEach(async () => {
    const group = server.freshGroup();
    const nameOf = (rank: number): string => `${'🚀'.repeat(60)}${String(rank).padStart(4, '0')}`;
    crowd = await server.joinMany(CROWD, group, rank => ({
      name: nameOf(rank),
      tags: rank === 7 ? Object.fromEntries(['a', 'b', 'c'].map(key => [key, '🚀'.repeat(256)])) : {},
    }));
  });

  it('sends the roster in chunks of one view, with `more` false in the last', async () => {
    const asking = at(crowd, 50).peer;
    await server.whileStopped(() => {
      asking.send({ type: 'roster' });
      at(crowd, 0).peer.destroy();
      asking.send({ type: 'roster' });
    });
    for (let time = 0; time < 2; time += 1) {
      const chunks = await wholeRoster(asking);
      expect(chunks.length).toBeGreaterThan(4);
      expect(chunks.map(({ more }) => more)).toEqual([...chunks.slice(1).map(() => true), false]);
      expect(new Set(chunks.map(({ view }) => view)).size).toBe(1);
      const rows = chunks.flatMap(rowsOf);
      expect(rows).toHaveLength(numberIn(at(chunks, 0), 'size'));
      expect(rows.map(({ rank }) => rank)).toEqual(rows.map((_, index) => index));
      const order = crowd.slice(CROWD - rows.length).map(({ id }) => id);
      expect(rows.map(({ member }) => member)).toEqual(order);
    }
    expectFramesToFit(crowd);
  });

  it('shortens the refused list of a receipt, and counts all of them', async () => {
    const last = at(crowd, -1);
    last.peer.send({ type: 'command', id: '1', name: 'x', to: 'all' });
    const receipt = await last.peer.next('receipt');
    expect(receipt).toMatchObject({ accepted: false, code: 'OUTRANKED', refusedCount: CROWD - 1 });
    const refused = receipt['refused'] as RosterRow[];
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(100);
    expect(refused.map(({ rank, member }) => [rank, member])).toEqual(
      refused.map((_, rank) => [rank, at(crowd, rank).id]),
    );
    expectFramesToFit([last]);
  });

  it('shortens the list of unmatched names in a receipt', async () => {
    const leader = at(crowd, 0);
    const names = Array.from({ length: 32 }, (_, index) => `${'🚀'.repeat(62)}${index + 10}`);
    leader.peer.send({ type: 'command', id: 'long', name: 'x', to: { names } });
    const receipt = await leader.peer.next('receipt');
    expect(receipt).toMatchObject({ accepted: false, code: 'NO_SUCH_TARGET', refused: [] });
    const unmatched = receipt['unmatched'] as string[];
    expect(unmatched.length).toBeGreaterThan(0);
    expect(unmatched).toEqual(names.slice(0, unmatched.length));
    expect(unmatched.length).toBeLessThan(names.length);
    expectFramesToFit([leader]);
  });

  it('shortens the missing list of an outcome, and counts all of them', async () => {
    const leader = at(crowd, 0);
    leader.peer.send({ type: 'command', id: '1', name: 'x', deadlineMs: 50 });
    expect(await leader.peer.next('receipt')).toMatchObject({ recipients: CROWD - 1 });
    const outcome = await leader.peer.next('outcome');
    expect(outcome).toMatchObject({ recipients: CROWD - 1, expired: CROWD - 1 });
    const missing = outcome['missing'] as RosterRow[];
    expect(missing.map(({ rank }) => rank)).toEqual(missing.map((_, index) => index + 1));
    expect(missing.length).toBeGreaterThan(0);
    expectFramesToFit([leader]);
  });
});

describe('R-CMD-3 and R-CMD-7 list at most 100', () => {
  it('lists 100 refused and 100 missing members with short names', async () => {
    const roomy = await InProcessServer.start({ RANKD_MEMBERS_MAX: String(CROWD) });
    try {
      const crowd = await roomy.joinMany(CROWD, 'crowd', () => ({ name: 'x' }));
      const [leader, last] = [at(crowd, 0).peer, at(crowd, -1).peer];
      last.send({ type: 'command', id: '1', name: 'x', to: { names: ['x'] } });
      const receipt = await last.next('receipt');
      expect(receipt).toMatchObject({ code: 'OUTRANKED', refusedCount: CROWD });
      expect(receipt['refused']).toHaveLength(100);
      last.send({
        type: 'command',
        id: '2',
        name: 'x',
        to: { ranks: Array.from({ length: 101 }, (_, n) => 9000 - n) },
      });
      const unmatched = Array.from({ length: 100 }, (_, n) => 9000 - n);
      expect(await last.next('receipt')).toMatchObject({ code: 'NO_SUCH_TARGET', unmatched });
      leader.send({ type: 'command', id: '1', name: 'x', deadlineMs: 50 });
      const outcome = await leader.next('outcome');
      expect(outcome).toMatchObject({ expired: CROWD - 1 });
      expect(outcome['missing']).toHaveLength(100);
    } finally {
      await roomy.dispose();
    }
  });
});
