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

/** Receives `history` frames up to the last one. */
async function historyOf(peer: RawPeer, limit?: number): Promise<Frame[]> {
  peer.send({ type: 'history', ...(limit === undefined ? {} : { limit }) });
  const frames: Frame[] = [];
  do frames.push(await peer.next('history'));
  while (at(frames, -1)['more'] === true);
  return frames;
}

const changesOf = (frames: readonly Frame[]): Frame[] => frames.flatMap(frame => frame['changes'] as Frame[]);

/** Joins `count` guests one after the other, each of which leaves, while one member stays. */
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

describe('R-ASK-1 history lists the changes of the roster, newest first', () => {
  it('has every field with its type', async () => {
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

  it.each([1, 3, 1000])('lists at most %d changes with that limit', async limit => {
    const peer = await busyGroup(3);
    const changes = changesOf(await historyOf(peer, limit));
    expect(changes.map(({ view }) => view)).toEqual([7, 6, 5, 4, 3, 2, 1].slice(0, limit));
  });

  it('lists 100 changes without a limit, in chunks that fit into a frame', async () => {
    const peer = await busyGroup(60);
    const frames = await historyOf(peer);
    expect(changesOf(frames).map(({ view }) => view)).toEqual(Array.from({ length: 100 }, (_, index) => 121 - index));
    expect(frames.length).toBeGreaterThan(1);
    expect(frames.map(({ more }) => more)).toEqual([...frames.slice(1).map(() => true), false]);
    for (const { bytes } of peer.received) expect(bytes).toBeLessThanOrEqual(FRAME_BYTES_MAX + 1);
  });

  it.each([{ limit: 0 }, { limit: -1 }, { limit: 1001 }, { limit: 'all' }])('rejects %j', async fields => {
    const { peer } = await server.join({ group: server.freshGroup() });
    peer.send({ type: 'history', ...fields });
    const bye = await byeOf(peer);
    expect(bye).toMatchObject({ code: 'BAD_MESSAGE' });
    expect(bye['message']).toContain('limit');
  });

  it('answers an observer, also in an empty group', async () => {
    const group = server.freshGroup();
    const { peer } = await server.join({ group, role: 'observer' });
    expect(changesOf(await historyOf(peer))).toEqual([]);
    const { id } = await server.join({ group });
    expect(changesOf(await historyOf(peer))).toMatchObject([{ view: 1, cause: { kind: 'joined', member: id } }]);
  });

  it('answers ten queries of any kind a second, and rejects the others with RATE_LIMITED', async () => {
    const { peer } = await server.join({ group: server.freshGroup() });
    const asks = Array.from({ length: 14 }, (_, index) => ({ type: index % 2 === 0 ? 'roster' : 'history' }));
    peer.send(...asks);
    const frames = await peer.awaitUntakenFrames();
    expect(frames.filter(({ type }) => type === 'roster')).toHaveLength(5);
    expect(frames.filter(({ type }) => type === 'history')).toHaveLength(5);
    const errors = frames.filter(({ type }) => type === 'error');
    expect(errors).toHaveLength(4);
    for (const error of errors) expect(error).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('R-CMD-3 Commands past RANKD_COMMANDS_PER_SECOND are RATE_LIMITED', () => {
  it('rejects each of them with a receipt, and does not limit other members', async () => {
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

  it('accepts commands again after a while', async () => {
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
    // A burst of five, then one every 200 ms.
    expect(tookMs).toBeGreaterThanOrEqual(1000);
    expect(tookMs).toBeLessThanOrEqual(1000 + STEP_MS);
    expect(numberIn(at(members, 0).welcome, 'rank')).toBe(0);
  });
});
