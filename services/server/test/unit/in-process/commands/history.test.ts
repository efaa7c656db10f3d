import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Frame, numberIn, type RawPeer } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const FRAME_BYTES_MAX = 8192;

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start({
    RANKD_FRAME_BYTES_MAX: String(FRAME_BYTES_MAX),
    RANKD_COMMANDS_PER_SECOND: '5',
  });
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

/** Takes `history` frames up to the one that says that it is the last. */
async function historyOf(peer: RawPeer, limit?: number): Promise<Frame[]> {
  peer.send({ type: 'history', ...(limit === undefined ? {} : { limit }) });
  const frames: Frame[] = [];
  do frames.push(await peer.next('history'));
  while (at(frames, -1)['more'] === true);
  return frames;
}

const changesOf = (frames: readonly Frame[]): Frame[] => frames.flatMap(frame => frame['changes'] as Frame[]);

/** `count` guests who come and go, while one stays. */
async function busyGroup(guests: number): Promise<RawPeer> {
  const group = server.freshGroup();
  const { peer } = await server.join({ group, name: 'host' });
  for (let guest = 0; guest < guests; guest += 1) {
    const { peer: other } = await server.join({ group, name: `guest-${guest}-${'x'.repeat(40)}` });
    other.send({ type: 'leave' });
    await byeOf(other);
  }
  return peer;
}

describe('R-ASK-1 history tells what changed the roster, newest first', () => {
  it('holds every field, each of its type', async () => {
    const startedMs = server.wallMs;
    const group = server.freshGroup();
    const ann = await server.join({ group, name: 'ann' });
    const bob = await server.join({ group, name: 'bob' });
    ann.peer.send({ type: 'command', id: '1', name: 'go', reply: 'none' });
    await ann.peer.next('receipt');
    bob.peer.send({ type: 'leave' });
    await byeOf(bob.peer);
    const [history] = await historyOf(ann.peer);
    const when = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown;
    const bobs = { member: bob.id, name: 'bob' };
    expect(history).toEqual({
      type: 'history',
      group,
      epoch: ann.welcome['epoch'],
      more: false,
      changes: [
        { seq: 4, view: 3, at: when, cause: { kind: 'left', reason: 'LEFT', ...bobs }, size: 1 },
        { seq: 2, view: 2, at: when, cause: { kind: 'joined', ...bobs }, size: 2 },
        { seq: 1, view: 1, at: when, cause: { kind: 'joined', member: ann.id, name: 'ann' }, size: 1 },
      ],
    });
    for (const { at: time } of changesOf([history as Frame])) {
      expect(Date.parse(String(time))).toBe(startedMs);
    }
  });

  it.each([1, 3, 1000])('tells at most %d where that is the limit', async limit => {
    const peer = await busyGroup(3);
    const changes = changesOf(await historyOf(peer, limit));
    expect(changes.map(({ view }) => view)).toEqual([7, 6, 5, 4, 3, 2, 1].slice(0, limit));
  });

  it('tells 100 without a limit, in chunks that fit a frame', async () => {
    const peer = await busyGroup(60);
    const frames = await historyOf(peer);
    expect(changesOf(frames).map(({ view }) => view)).toEqual(Array.from({ length: 100 }, (_, index) => 121 - index));
    expect(frames.length).toBeGreaterThan(1);
    expect(frames.map(({ more }) => more)).toEqual([...frames.slice(1).map(() => true), false]);
    for (const { bytes } of peer.received) expect(bytes).toBeLessThanOrEqual(FRAME_BYTES_MAX + 1);
  });

  it.each([{ limit: 0 }, { limit: -1 }, { limit: 1001 }, { limit: 'all' }])('says BAD_MESSAGE to %j', async fields => {
    const { peer } = await server.join({ group: server.freshGroup() });
    peer.send({ type: 'history', ...fields });
    const bye = await byeOf(peer);
    expect(bye).toMatchObject({ code: 'BAD_MESSAGE' });
    expect(bye['message']).toContain('limit');
  });

  it('tells an observer, who may watch a group that nobody is in', async () => {
    const group = server.freshGroup();
    const { peer } = await server.join({ group, role: 'observer' });
    expect(changesOf(await historyOf(peer))).toEqual([]);
    const { id } = await server.join({ group });
    expect(changesOf(await historyOf(peer))).toMatchObject([{ view: 1, cause: { kind: 'joined', member: id } }]);
  });

  it('answers ten questions a second, whichever they are, and says RATE_LIMITED to the rest', async () => {
    const { peer } = await server.join({ group: server.freshGroup() });
    const asks = Array.from({ length: 14 }, (_, index) => ({ type: index % 2 === 0 ? 'roster' : 'history' }));
    peer.send(...asks);
    const heard = await peer.awaitUntakenFrames();
    expect(heard.filter(({ type }) => type === 'roster')).toHaveLength(5);
    expect(heard.filter(({ type }) => type === 'history')).toHaveLength(5);
    const errors = heard.filter(({ type }) => type === 'error');
    expect(errors).toHaveLength(4);
    for (const error of errors) expect(error).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('R-CMD-3 More than RANKD_COMMANDS_PER_SECOND is RATE_LIMITED', () => {
  it('refuses those past it with a receipt each, and no other member for them', async () => {
    const members = await server.joinMany(3, server.freshGroup());
    const [busy, other, last] = [at(members, 0).peer, at(members, 1).peer, at(members, 2).peer];
    busy.send(...Array.from({ length: 8 }, (_, id) => ({ type: 'command', id: `${id}`, name: 'go', reply: 'none' })));
    const receipts: Frame[] = [];
    for (let count = 0; count < 8; count += 1) receipts.push(await busy.next('receipt'));
    expect(receipts.map(({ id }) => id)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(receipts.map(({ accepted }) => accepted)).toEqual([...Array<boolean>(5).fill(true), false, false, false]);
    for (const receipt of receipts.slice(5)) expect(receipt).toMatchObject({ code: 'RATE_LIMITED' });
    other.send({ type: 'command', id: '0', name: 'go', reply: 'none' });
    expect(await other.next('receipt')).toMatchObject({ accepted: true });
    expect(await last.awaitUntakenFrames()).toHaveLength(6);
  });

  it('lets it go on after a while', async () => {
    const members = await server.joinMany(2, server.freshGroup());
    const { peer } = at(members, 0);
    const startedMs = server.time.nowMs();
    const STEP_MS = 10;
    let accepted = 0;
    for (let id = 0; accepted < 10; id += 1) {
      peer.send({ type: 'command', id: `${id}`, name: 'go', reply: 'none' });
      if ((await peer.next('receipt'))['accepted'] === true) accepted += 1;
      else await server.time.pass(STEP_MS);
    }
    const tookMs = server.time.nowMs() - startedMs;
    // Five at once, then one every 200 ms.
    expect(tookMs).toBeGreaterThanOrEqual(1000);
    expect(tookMs).toBeLessThanOrEqual(1000 + STEP_MS);
    expect(numberIn(at(members, 0).welcome, 'rank')).toBe(0);
  });
});
