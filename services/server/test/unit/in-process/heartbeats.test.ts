import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { at, byeOf, type Joined, numberIn, type RawPeer, TIMINGS } from '@rankd/testkit';
import { InProcessServer } from '@rankd/testkit/in-process';

const HEARTBEAT_MS = Number(TIMINGS.quick.RANKD_HEARTBEAT_MS);
const DEAD_MS = Number(TIMINGS.quick.RANKD_DEAD_MS);

let server: InProcessServer;

beforeAll(async () => {
  server = await InProcessServer.start(TIMINGS.quick);
});
afterEach(() => server.hangUp());
afterAll(() => server.dispose());

interface Trio {
  /** When `tested` began to join; it sent its hello later. */
  readonly joiningAtMs: number;
  readonly above: Joined;
  readonly tested: Joined;
  readonly below: Joined;
}

/** `tested` answers pings as its test prescribes, the others as they should. */
async function trio(hello: object = {}): Promise<Trio> {
  const group = server.freshGroup();
  const above = await server.join({ group });
  const joiningAtMs = server.time.nowMs();
  const tested = await server.join({ group, ...hello }, { answersPings: false });
  return { joiningAtMs, above, tested, below: await server.join({ group }) };
}

/** Checks that the session of `tested` ends after deadMs of silence, and that those below move up. */
async function expectDeath({ above, tested, below }: Trio, silentSinceMs: number): Promise<void> {
  const bye = await tested.peer.next('bye', DEAD_MS + HEARTBEAT_MS);
  const silentMs = tested.peer.recordOf(bye).atMs - silentSinceMs;
  expect(bye).toMatchObject({ code: 'HEARTBEAT_TIMEOUT', retry: true });
  expect(silentMs).toBeGreaterThanOrEqual(DEAD_MS);
  expect(silentMs).toBeLessThan(DEAD_MS + HEARTBEAT_MS);
  const cause = { kind: 'left', member: tested.id, reason: 'HEARTBEAT_TIMEOUT' };
  expect(await below.peer.next('view')).toMatchObject({ rank: 1, was: 2, size: 2, changes: 1, cause });
  expect(await above.peer.awaitUntakenFrames()).toEqual([]);
  await tested.peer.closed;
}

/** Takes the next `count` pings and gives each of them to `answer`. */
async function onPings(peer: RawPeer, count: number, answer: (n: number) => void): Promise<void> {
  for (let index = 0; index < count; index += 1) answer(numberIn(await peer.next('ping'), 'n'));
}

/** Checks that a member which only does `act` at each ping is dropped as if it had done nothing. */
async function expectNoSignOfLife(act: (peer: RawPeer, n: number) => void): Promise<void> {
  const { joiningAtMs, tested, below } = await trio();
  await untilDead(tested.peer, n => act(tested.peer, n));
  expect(await byeOf(tested.peer)).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  const silentMs = at(tested.peer.received, -1).atMs - joiningAtMs;
  expect(silentMs).toBeGreaterThanOrEqual(DEAD_MS);
  expect(silentMs).toBeLessThan(DEAD_MS + HEARTBEAT_MS);
  expect(await below.peer.next('view')).toMatchObject({ rank: 1, cause: { reason: 'HEARTBEAT_TIMEOUT' } });
}

/** Does `act` at every ping of `peer` until the peer is dropped. */
async function untilDead(peer: RawPeer, act: (n: number) => void): Promise<void> {
  for (;;) {
    const frame = await peer.until(({ type }) => type === 'ping' || type === 'bye');
    if (frame.type === 'bye') return;
    act(numberIn(frame, 'n'));
  }
}

describe('R-LIFE-1 The server sends pings: n rises by one, seen is the last n that was answered', () => {
  it('every heartbeatMs', async () => {
    const startedMs = server.time.nowMs();
    const { peer } = await server.join({ group: server.freshGroup() }, { answersPings: false });
    for (let n = 1; n <= 6; n += 1) {
      expect(await peer.next('ping')).toEqual({ type: 'ping', n, seen: n - 1 });
      peer.send({ type: 'pong', n });
    }
    const tookMs = server.time.nowMs() - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(6 * HEARTBEAT_MS);
    expect(tookMs).toBeLessThan(6 * HEARTBEAT_MS + HEARTBEAT_MS);
  });

  it('with the last answered n in seen, even if earlier pings were not answered', async () => {
    const { peer } = await server.join({ group: server.freshGroup() }, { answersPings: false });
    const seen: unknown[] = [];
    for (let n = 1; n <= 7; n += 1) {
      seen.push((await peer.next('ping'))['seen']);
      if (n === 3) peer.send({ type: 'pong', n: 3 }, { type: 'pong', n: 2 });
      if (n === 5) peer.send({ type: 'pong', n: 4 });
    }
    expect(seen).toEqual([0, 0, 0, 3, 3, 4, 4]);
  });

  it('and answers a ping of the client in the same way', async () => {
    const { peer } = await server.join({ group: server.freshGroup() });
    peer.send({ type: 'ping', n: 42 }, { type: 'ping' }, { type: 'ping', n: 0 });
    expect([await peer.next('pong'), await peer.next('pong'), await peer.next('pong')]).toEqual([
      { type: 'pong', n: 42 },
      { type: 'pong' },
      { type: 'pong', n: 0 },
    ]);
  });
});

describe('R-LIFE-1 No pong for deadMs is a departure', () => {
  it('ends the session of a member that never answers', async () => {
    const group = await trio();
    await expectDeath(group, group.joiningAtMs);
  });

  it('ends the session of a member deadMs after its last pong', async () => {
    const group = await trio();
    let lastPongMs = 0;
    await onPings(group.tested.peer, 3, n => {
      lastPongMs = server.time.nowMs();
      group.tested.peer.send({ type: 'pong', n });
    });
    await expectDeath(group, lastPongMs);
  });

  it('ends the session of a leader, and the next member leads', async () => {
    const group = server.freshGroup();
    const leader = await server.join({ group }, { answersPings: false });
    const deputy = await server.join({ group, name: 'deputy' });
    const cause = { kind: 'left', member: leader.id, reason: 'HEARTBEAT_TIMEOUT' };
    const view = await deputy.peer.next('view', DEAD_MS + HEARTBEAT_MS);
    expect(view).toMatchObject({ rank: 0, was: 1, size: 1, leader: { name: 'deputy' }, cause });
  });

  it('does not count other frames, pongs of pings that were never sent, or empty lines', async () => {
    const acts: readonly ((peer: RawPeer, n: number) => void)[] = [
      (peer, n) => peer.send({ type: 'ping', n }, { type: 'command', id: `c${n}`, name: 'x' }),
      (peer, n) => peer.send({ type: 'pong', n: n + 1000 }, { type: 'pong', n: 0 }),
      peer => peer.sendRaw('\n\r\n'),
    ];
    await Promise.all(acts.map(act => expectNoSignOfLife(act)));
  });

  it('counts a repeated pong once', async () => {
    const group = await trio();
    let lastPongMs = 0;
    await onPings(group.tested.peer, 1, n => {
      lastPongMs = server.time.nowMs();
      group.tested.peer.send({ type: 'pong', n });
    });
    const parrot = server.time.every(HEARTBEAT_MS / 2, () => group.tested.peer.send({ type: 'pong', n: 1 }));
    await expectDeath(group, lastPongMs).finally(() => parrot.cancel());
  });

  it('keeps a member that answers late, but within deadMs', async () => {
    const { above, tested, below } = await trio();
    let pings = 0;
    await onPings(tested.peer, 20, n => {
      pings += 1;
      if (pings % 5 === 0) tested.peer.send({ type: 'pong', n: n - 4 });
    });
    expect(tested.peer.untakenFrames).toEqual([]);
    for (const { peer } of [above, below]) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });
});

describe('R-JOIN-1 heartbeat false is for a person who uses netcat', () => {
  it('neither pings the session nor ends it, and answers its frames', async () => {
    const { above, tested, below } = await trio({ heartbeat: false });
    // By its own count, the server would have pinged and ended another session by the end of this time.
    await above.peer.until(({ type, n }) => type === 'ping' && Number(n) * HEARTBEAT_MS > 1.5 * DEAD_MS);
    expect(await tested.peer.awaitUntakenFrames()).toEqual([]);
    expect(tested.peer.frames.map(({ type }) => type)).toEqual(['welcome', 'pong']);
    tested.peer.fin();
    expect(await below.peer.next('view')).toMatchObject({ rank: 1, cause: { reason: 'CLOSED' } });
  });
});

describe('R-LIFE-1 A server that was late extends every deadline', () => {
  it('ends no session because of the time in which it was itself stopped', async () => {
    const { above, tested, below } = await trio();
    let answered = 0;
    await onPings(tested.peer, 2, n => tested.peer.send({ type: 'pong', n: (answered = n) }));
    await server.whileStopped(() => server.time.pass(1.5 * DEAD_MS));
    await onPings(tested.peer, 3, n => tested.peer.send({ type: 'pong', n: (answered = n) }));
    expect(await tested.peer.next('ping')).toMatchObject({ seen: answered });
    for (const { peer } of [above, tested, below]) expect(await peer.awaitUntakenFrames()).toEqual([]);
  });
});
