import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Frame, type Joined, type RawPeer, resumeOf, rosterOf, rosterRows } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const FRAME_BYTES_MAX = 8192;
const ADMIN = 'let me decide';

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    RANKD_ADMIN_TOKEN: ADMIN,
    RANKD_FRAME_BYTES_MAX: String(FRAME_BYTES_MAX),
    RANKD_MEMBERS_MAX: '400',
    RANKD_GRACE_MS: '60000',
    RANKD_GRACE_LEADER_MS: '60000',
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

type Row = Frame & { readonly member: string; readonly rank: number };

const listOf = (view: Frame, name: string): Row[] => view[name] as Row[];

/** A copy of a roster, to which the lists of each view are applied. */
class Copy {
  rows: Row[];
  constructor(rows: readonly Frame[]) {
    this.rows = rows as Row[];
  }

  apply(view: Frame): void {
    const [joined, left, moved] = ['joined', 'left', 'moved'].map(name => listOf(view, name)) as [Row[], Row[], Row[]];
    const out = new Set([...left, ...moved].map(({ member }) => member));
    const taken = new Map(this.rows.map(row => [row.member, row]));
    this.rows = this.rows.filter(({ member }) => !out.has(member));
    for (const { member, rank } of [...joined, ...moved].sort((a, b) => a.rank - b.rank)) {
      const row = joined.find(each => each.member === member) ?? taken.get(member);
      if (row === undefined) throw new Error(`${member} moved and was not in the roster`);
      this.rows.splice(rank, 0, row);
    }
    this.#present(listOf(view, 'away'), 'away');
    this.#present(listOf(view, 'resumed'), 'present');
    this.rows = this.rows.map((row, rank) => ({ ...row, rank }));
    expect(this.rows).toHaveLength(Number(view['size']));
  }

  #present(whom: readonly Row[], state: string): void {
    for (const { member, rank } of whom) {
      const row = this.rows[rank];
      if (row?.member !== member) throw new Error(`${member} is not at ${rank}`);
      this.rows[rank] = { ...row, state };
    }
  }

  /** Applies the views that the peer has received so far. */
  async follow(peer: RawPeer): Promise<void> {
    await peer.barrier();
    for (let view = takeView(peer); view !== undefined; view = takeView(peer)) {
      const frame = await peer.next('view');
      if (frame['reset'] === true) this.rows = (await rosterRows(peer)) as Row[];
      else this.apply(frame);
    }
  }
}

const takeView = (peer: RawPeer): Frame | undefined => peer.untakenFrames.find(({ type }) => type === 'view');

/** The roster without addresses: a resumed member has a new one, which the lists do not contain. */
const withoutAddress = (rows: readonly Frame[]): object[] =>
  rows.map(row => Object.fromEntries(Object.entries(row).filter(([field]) => field !== 'address')));

/** Returns the same numbers for the same seed, so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Random joins, leaves, moves, losses and returns in one group, some of them in one turn of the server. */
class Churn {
  readonly group: string;
  readonly admin: RawPeer;
  readonly #random: (below: number) => number;
  #present: Joined[];
  #away: Joined[] = [];
  #joining: (() => Promise<void>)[] = [];

  constructor(group: string, admin: RawPeer, members: Joined[], seed: number) {
    this.group = group;
    this.admin = admin;
    this.#present = members;
    this.#random = random(seed);
  }

  /** Sends a random change; `settle` waits for the answers. */
  async step(): Promise<void> {
    const acts: (() => Promise<void> | undefined)[] = [() => this.#join(), () => this.#resume()];
    for (const act of [this.#leave, this.#lose, this.#move, this.#moveAway]) {
      acts.push(() => {
        act.call(this);
        return undefined;
      });
    }
    await at(acts, this.#random(acts.length))();
  }

  async settle(): Promise<void> {
    for (const joining of this.#joining.splice(0)) await joining();
    await this.admin.barrier();
  }

  async #hello(fields: object): Promise<void> {
    const peer = await server.connect();
    peer.send({ type: 'hello', group: this.group, ...fields });
    this.#joining.push(async () => {
      const welcome = await peer.next('welcome');
      this.#present.push({ peer, welcome, id: String(welcome['member']), helloAtMs: 0 });
    });
  }

  async #join(): Promise<void> {
    await this.#hello({ tags: { n: String(this.#random(100)) } });
  }

  /** Takes a random member, except the first: that one answers no yield and stays to the end. */
  #pick(from: Joined[], first = 1): Joined | undefined {
    if (from.length <= first) return undefined;
    return from.splice(first + this.#random(from.length - first), 1)[0];
  }

  #leave(): void {
    this.#pick(this.#present)?.peer.send({ type: 'leave' });
  }

  #lose(): void {
    const gone = this.#pick(this.#present);
    if (gone === undefined) return;
    gone.peer.destroy();
    this.#away.push(gone);
  }

  async #resume(): Promise<void> {
    const back = this.#pick(this.#away, 0);
    if (back !== undefined) await this.#hello({ resume: resumeOf(back) });
  }

  #move(): void {
    this.#moveOneOf(this.#present.slice(1));
  }

  #moveAway(): void {
    this.#moveOneOf(this.#away);
  }

  #moveOneOf(some: readonly Joined[]): void {
    const moved = some[this.#random(some.length)];
    const rank = 1 + this.#random(this.#present.length + this.#away.length);
    if (moved !== undefined) this.admin.send({ type: 'admin', id: 'm', action: 'move', member: moved.id, rank });
  }
}

describe('R-VIEW-2 updates roster: the lists of a view turn the earlier roster into the later one', () => {
  it.each([1, 2, 3, 4])(
    'after random changes (seed %d), for a member and for an observer',
    async seed => {
      const group = server.freshGroup();
      const first = await server.join({ group, updates: 'roster' });
      const others = [await server.join({ group }), await server.join({ group }), await server.join({ group })];
      const { peer: admin } = await server.join({ group, token: ADMIN, role: 'observer', updates: 'rank' });
      const { peer: eve } = await server.join({ group, role: 'observer' });
      const copies: [RawPeer, Copy][] = [];
      for (const peer of [first.peer, eve]) {
        const copy = new Copy(await rosterOf(peer));
        while (takeView(peer) !== undefined) await peer.next('view');
        copies.push([peer, copy]);
      }
      const churn = new Churn(group, admin, [first, ...others], seed);
      for (let round = 0; round < 40; round += 1) {
        const steps = async (): Promise<void> => {
          for (let step = 0; step < 1 + (round % 4) * 2; step += 1) await churn.step();
        };
        if (round % 2 === 0) await steps();
        else await server.whileStopped(steps);
        await churn.settle();
        for (const [peer, copy] of copies) {
          await copy.follow(peer);
          // Only ten questions a second are allowed.
          if (round % 10 !== 9) continue;
          const rows = await rosterOf(peer);
          expect(withoutAddress(copy.rows)).toEqual(withoutAddress(rows));
        }
      }
    },
    30_000,
  );

  it('list members that are away or have resumed, and no members that only moved up', async () => {
    const group = server.freshGroup();
    const members = await server.joinMany(3, group);
    const { peer: eve } = await server.join({ group, role: 'observer' });
    at(members, 0).peer.send({ type: 'leave' });
    const none = { joined: [], moved: [], away: [], resumed: [] };
    expect(await eve.next('view')).toMatchObject({
      ...none,
      size: 2,
      left: [{ member: at(members, 0).id, name: 'name-0', reason: 'LEFT' }],
    });
    at(members, 2).peer.destroy();
    const named = { member: at(members, 2).id, rank: 1, name: 'name-2' };
    expect(await eve.next('view')).toMatchObject({ ...none, left: [], away: [named] });
    await server.join({ group, resume: resumeOf(at(members, 2)) });
    expect(await eve.next('view')).toMatchObject({ ...none, left: [], resumed: [named] });
  });

  it('omit a member that joined and left between two views', async () => {
    const group = server.freshGroup();
    await server.join({ group });
    const { peer: eve } = await server.join({ group, role: 'observer' });
    const guest = await server.connect();
    await server.whileStopped(() => guest.send({ type: 'hello', group }, { type: 'leave' }));
    await byeOf(guest);
    const view = await eve.next('view');
    expect(view).toMatchObject({ size: 1, joined: [], left: [], view: 3 });
  });
});

describe('R-VIEW-2 Lists that do not fit are replaced by reset, and the roster follows', () => {
  const STAY = 60;
  // So many members leave that even half of them do not fit.
  const GO = 200;

  it('sends reset, and the roster of the same view in frames that fit', async () => {
    const group = server.freshGroup();
    const hello = { group, name: 'n'.repeat(64), tags: { text: 'x'.repeat(100) } };
    const crowd = await Promise.all(Array.from({ length: STAY + GO }, () => server.join(hello)));
    const member = await server.join({ group, updates: 'roster' });
    const { peer: eve } = await server.join({ group, role: 'observer' });
    await server.whileStopped(() => {
      for (const { peer } of crowd.slice(STAY)) peer.send({ type: 'leave' });
    });
    await Promise.all(crowd.slice(STAY).map(({ peer }) => byeOf(peer)));
    for (const peer of [member.peer, eve]) {
      await peer.barrier();
      const views = peer.untakenFrames.filter(({ type }) => type === 'view');
      const reset = views.find(view => view['reset'] === true);
      expect(reset).toBeDefined();
      expect(reset).not.toHaveProperty('left');
      const rosters = peer.untakenFrames.filter(({ type, view }) => type === 'roster' && view === reset?.['view']);
      expect(rosters.map(({ more }) => more)).toEqual([...rosters.slice(1).map(() => true), false]);
      expect(rosters.flatMap(({ members }) => members)).toHaveLength(Number(reset?.['size']));
      for (const { bytes } of peer.received) expect(bytes).toBeLessThanOrEqual(FRAME_BYTES_MAX + 1);
      const copy = new Copy([]);
      await copy.follow(peer);
      expect(copy.rows).toHaveLength(STAY + 1);
    }
  });
});
