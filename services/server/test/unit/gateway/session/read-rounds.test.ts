import { describe, expect, it } from '@jest/globals';
import type { ReadMessage } from '@rankd/protocol';
import { at } from '@rankd/testkit';
import { ReadRounds, type RoundSession } from '../../../../src/gateway/pace/read-rounds.js';
import { LIGHT_COST_MAX, ReadShare } from '../../../../src/gateway/pace/read-share.js';
import { FakeConnection } from '../fake-connection.js';
import { GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';

const ping: ReadMessage = { kind: 'message', message: { type: 'ping' }, payload: undefined };

const FRAME_BYTES = 200;

/** A session with a number of frames. `costMs` is the time that each one takes. */
class FakeSession implements RoundSession {
  readonly readShare = new ReadShare();
  readonly name: string;
  readonly costMs: number;
  receivedBytes = 0;
  reading: 'reading' | 'waiting' = 'reading';
  #unread = 0;

  constructor(name: string, costMs = 0) {
    this.name = name;
    this.costMs = costMs;
  }

  get hasUnreadBytes(): boolean {
    return this.#unread > 0;
  }

  push(frames: number): this {
    this.#unread += frames;
    this.receivedBytes += frames * FRAME_BYTES;
    return this;
  }

  startReading(): void {
    return undefined;
  }

  takeMessage(): ReadMessage | undefined {
    if (this.#unread === 0) return undefined;
    this.#unread -= 1;
    return ping;
  }

  readConnection(): void {
    this.reading = 'reading';
  }
}

class RoundsFixture {
  nowMs = 0;
  flushesRequested = 0;
  /** The names of the sessions in the order of their frames, and how many frames each sent in a row. */
  readonly taken: [string, number][] = [];
  readonly rounds = new ReadRounds<FakeSession>({
    clock: { monotonicMs: () => this.nowMs },
    flushCycle: { requestFlush: () => (this.flushesRequested += 1) },
    handlers: {
      handleMessage: (_, { name, costMs }) => {
        this.nowMs += costMs;
        const last = this.taken.at(-1);
        if (last?.[0] === name) last[1] += 1;
        else this.taken.push([name, 1]);
      },
    },
  });

  receive(session: FakeSession, frames: number): void {
    if (!this.rounds.readArrived(session.push(frames))) session.reading = 'waiting';
  }

  /** Receives 1,000 frames of each of `count` sessions: `flood-0`, `flood-1` and so on. */
  flood(count: number, costMs: number): void {
    for (let index = 0; index < count; index += 1) this.receive(new FakeSession(`flood-${index}`, costMs), 1000);
  }

  takeAll(): [string, number][] {
    return this.taken.splice(0);
  }
}

describe('R-PACE-1 ReadRounds', () => {
  it('takes 64 frames of a session, and the others in later rounds', () => {
    const fixture = new RoundsFixture();
    const [a, b] = [new FakeSession('a'), new FakeSession('b')];
    fixture.receive(a, 200);
    fixture.receive(b, 100);
    expect(fixture.takeAll()).toEqual([
      ['a', 64],
      ['b', 64],
    ]);
    expect([a.reading, b.reading]).toEqual(['waiting', 'waiting']);
    fixture.rounds.flush();
    expect(fixture.takeAll()).toEqual([
      ['a', 64],
      ['b', 36],
      ['a', 72],
    ]);
    expect([a.reading, b.reading]).toEqual(['reading', 'reading']);
  });

  it.each([
    [64, 'reading', 0],
    [65, 'waiting', 1],
  ])('of a session that sends %d frames is then %s', (frames, reading, flushes) => {
    const fixture = new RoundsFixture();
    const session = new FakeSession('a');
    fixture.receive(session, frames);
    expect(session.reading).toBe(reading);
    expect(fixture.flushesRequested).toBe(flushes);
    expect(fixture.takeAll()).toEqual([['a', 64]]);
  });

  it('reads for 2 ms and at most one share of 5 ms more, then stops until the answers are written', () => {
    const fixture = new RoundsFixture();
    const [a, b] = [new FakeSession('a', 0.5), new FakeSession('b', 0.5)];
    fixture.receive(a, 100);
    fixture.receive(b, 100);
    fixture.takeAll();
    for (const name of ['a', 'b', 'a']) {
      fixture.rounds.flush();
      expect(fixture.takeAll()).toEqual([[name, 10]]);
    }
    expect(fixture.flushesRequested).toBe(5);
    expect(fixture.rounds.waitingCount).toBe(2);
  });

  it('reads a single session for 8 ms and at most one share more, so that its commands are written together', () => {
    const fixture = new RoundsFixture();
    fixture.receive(new FakeSession('a', 0.03), 1000);
    fixture.takeAll();
    fixture.rounds.flush();
    // Five shares of 64 frames take 1.92 ms each.
    expect(fixture.takeAll()).toEqual([['a', 320]]);
  });

  it('takes all frames of a share that arrive at once, although they take longer than 2 ms', () => {
    const fixture = new RoundsFixture();
    const session = new FakeSession('a', 0.05);
    fixture.receive(session, 64);
    expect(fixture.takeAll()).toEqual([['a', 64]]);
    expect(session.reading).toBe('reading');
  });

  it('ends a share after 5 ms, and a round after a share that takes longer than 2 ms', () => {
    const fixture = new RoundsFixture();
    const [slow, other] = [new FakeSession('slow', 3), new FakeSession('other')];
    fixture.receive(slow, 65);
    fixture.receive(other, 65);
    fixture.takeAll();
    fixture.rounds.flush();
    fixture.rounds.flush();
    expect(fixture.takeAll()).toEqual([
      ['slow', 2],
      ['other', 1],
      ['slow', 2],
    ]);
  });

  it('takes 128 frames of all sessions as they arrive, and of each further one 8', () => {
    const fixture = new RoundsFixture();
    const sessions = ['a', 'b', 'c', 'd'].map(name => new FakeSession(name));
    for (const session of sessions) fixture.receive(session, 64);
    expect(fixture.takeAll()).toEqual([
      ['a', 64],
      ['b', 64],
      ['c', 8],
      ['d', 8],
    ]);
  });

  it('takes one frame of each session that arrives when frames took 2 ms, and its next ones in rounds', () => {
    const fixture = new RoundsFixture();
    const floods = Array.from({ length: 4 }, (_, index) => new FakeSession(`${index}`, 1.5));
    for (const flood of floods) fixture.receive(flood, 10);
    expect(fixture.takeAll()).toEqual([
      ['0', 4],
      ['1', 1],
      ['2', 1],
      ['3', 1],
    ]);
    for (const flood of floods) fixture.receive(flood, 1);
    expect(fixture.takeAll()).toEqual([]);
    const insider = new FakeSession('insider', 0.01);
    fixture.receive(insider, 1);
    expect(fixture.takeAll()).toEqual([['insider', 1]]);
  });

  it('takes the frame of a session that sends little before those that wait', () => {
    const fixture = new RoundsFixture();
    fixture.flood(40, 0.1);
    const insider = new FakeSession('insider');
    for (let round = 0; round < 100; round += 1) {
      fixture.rounds.flush();
      fixture.takeAll();
      fixture.receive(insider, 1);
      expect(fixture.takeAll()).toEqual([['insider', 1]]);
    }
  });

  it('reads a session that sends little before those that wait, if it must wait too', () => {
    const fixture = new RoundsFixture();
    fixture.flood(40, 0.1);
    fixture.rounds.flush();
    fixture.receive(new FakeSession('other', 3), 1);
    // Its first frame takes long, for example because another process has the processor. So the second one waits.
    const insider = new FakeSession('insider', 5);
    fixture.receive(insider, 1);
    fixture.receive(insider, 1);
    fixture.takeAll();
    fixture.rounds.flush();
    expect(at(fixture.takeAll(), 0)).toEqual(['insider', 1]);
    fixture.rounds.flush();
    fixture.takeAll();
    fixture.receive(insider, 1);
    expect(fixture.takeAll()).toEqual([['insider', 1]]);
  });

  it('reads a session that sends much behind those that wait, after LIGHT_COST_MAX frames of it', () => {
    const fixture = new RoundsFixture();
    fixture.flood(4, 1);
    const newcomer = new FakeSession('newcomer');
    newcomer.readShare.waitedInRound = 0;
    newcomer.receivedBytes = -1000 * FRAME_BYTES;
    fixture.receive(newcomer, 1000);
    fixture.takeAll();
    fixture.rounds.flush();
    expect(fixture.takeAll()).toEqual([
      ['newcomer', LIGHT_COST_MAX],
      ['flood-0', 5],
    ]);
    fixture.rounds.flush();
    expect(fixture.takeAll()).toEqual([['flood-1', 5]]);
  });

  it('holds the next frames of a session that has just waited', () => {
    const fixture = new RoundsFixture();
    const [flood, other] = [new FakeSession('flood'), new FakeSession('other')];
    fixture.receive(flood, 65);
    fixture.rounds.flush();
    fixture.takeAll();
    fixture.receive(flood, 10);
    fixture.receive(other, 10);
    expect(fixture.takeAll()).toEqual([['other', 10]]);
    fixture.rounds.flush();
    expect(fixture.takeAll()).toEqual([['flood', 10]]);
    fixture.rounds.flush();
    fixture.rounds.flush();
    fixture.receive(flood, 10);
    expect(fixture.takeAll()).toEqual([['flood', 10]]);
  });

  it('forgets a session that has ended', () => {
    const fixture = new RoundsFixture();
    const session = new FakeSession('a');
    fixture.receive(session, 65);
    fixture.rounds.removeSession(session);
    fixture.takeAll();
    fixture.rounds.flush();
    expect(fixture.takeAll()).toEqual([]);
  });
});

describe('R-PACE-1 A gateway takes the frames of all sessions in rounds', () => {
  const command = (id: number): object => ({
    type: 'command',
    id: `${id}`,
    name: 'go',
    reply: 'none',
    to: { ranks: [2] },
  });
  const commands = (count: number): object[] => Array.from({ length: count }, (_, id) => command(id));
  const orderAt = (peer: InMemoryPeer): unknown[] =>
    peer.frames.filter(({ type }) => type === 'command').map(({ from }) => (from as { rank: number }).rank);

  it('so that 64 of one member come before 64 of another', () => {
    const fixture = new GatewayFixture();
    const [first, second, recipient] = [fixture.join(), fixture.join(), fixture.join()];
    first.sendUnflushed(...commands(200));
    second.sendUnflushed(...commands(200));
    fixture.clock.settle();
    const ranks = orderAt(recipient);
    const shares = [64, 64, 64, 64, 64, 64, 8, 8];
    expect(ranks).toEqual(shares.flatMap((count, index) => Array<number>(count).fill(index % 2)));
  });

  it('and does not read a socket whose frames wait', () => {
    const fixture = new GatewayFixture();
    const peer = fixture.join();
    peer.sendUnflushed(...commands(65));
    expect(peer.connection.reading).toBe('paused');
    fixture.clock.settle();
    expect(peer.connection.reading).toBe('reading');
  });

  it('and takes a pong that waits behind 10,000 frames before the member counts as silent', () => {
    const fixture = new GatewayFixture();
    const [peer, recipient] = [fixture.join(), fixture.join({}, new FakeConnection())];
    for (let count = 0; count < 10; count += 1) {
      peer.sendUnflushed(...commands(1000));
      peer.pong();
      fixture.advance(100, recipient);
    }
    expect(peer.frames.map(({ type }) => type)).not.toContain('bye');
  });

  it('and drops the frames that wait when the session ends', () => {
    const fixture = new GatewayFixture();
    const [peer, recipient] = [fixture.join(), fixture.join()];
    peer.sendUnflushed({ type: 'command', id: 'x', name: 'go', reply: 'none' }, ...commands(63), { type: 'leave' });
    peer.close();
    expect(peer.frames.at(-1)).not.toMatchObject({ code: 'LEFT' });
    expect(recipient.frames.filter(({ type }) => type === 'command')).toHaveLength(1);
  });

  it('and does not read a client that sends on after its session has ended', () => {
    const fixture = new GatewayFixture();
    const peer = fixture.join();
    peer.send({ type: 'leave' });
    const KIB = 'x'.repeat(1023) + '\n';
    peer.sendText(KIB.repeat(64));
    expect(peer.connection.reading).toBe('reading');
    peer.sendText('x');
    expect(peer.connection.reading).toBe('paused');
  });
});

describe('R-PACE-1 Pings', () => {
  const pings = (count: number): object[] => Array.from({ length: count }, (_, n) => ({ type: 'ping', n }));
  const countOf = (peer: InMemoryPeer, type: string): number => peer.frames.filter(frame => frame.type === type).length;

  it.each([{}, { role: 'observer' }])(
    'are answered 100 at once and 50 a second, past it RATE_LIMITED: hello %j',
    hello => {
      const fixture = new GatewayFixture();
      const peer = fixture.join(hello);
      peer.send(...pings(101));
      expect(countOf(peer, 'pong')).toBe(100);
      expect(peer.lastFrame).toMatchObject({ type: 'error', code: 'RATE_LIMITED' });
      for (let tenths = 0; tenths < 10; tenths += 1) {
        fixture.advance(100, peer);
        peer.send(...pings(5));
      }
      expect(countOf(peer, 'pong')).toBe(150);
      expect(countOf(peer, 'error')).toBe(1);
    },
  );

  it.each([
    ['pings', pings(200), pings(1)],
    ['roster queries', Array(110).fill({ type: 'roster' }), [{ type: 'roster' }]],
    ['pings and history queries', [...pings(150), ...Array<object>(60).fill({ type: 'history' })], pings(1)],
  ])('end a session that continues after 100 refused %s', (_, within, past) => {
    const fixture = new GatewayFixture();
    const peer = fixture.join();
    peer.send(...within);
    expect(countOf(peer, 'error')).toBe(100);
    expect(countOf(peer, 'bye')).toBe(0);
    peer.send(...past);
    expect(peer.lastFrame).toMatchObject({ type: 'bye', code: 'RATE_LIMITED', retry: true, retryAfterMs: 100 });
  });

  it('do not end a session that has 10 refused a second', () => {
    const fixture = new GatewayFixture();
    const peer = fixture.join();
    peer.send(...pings(100));
    for (let second = 0; second < 60; second += 1) {
      fixture.advance(1000, peer);
      peer.send(...pings(60));
    }
    expect(countOf(peer, 'bye')).toBe(0);
    expect(countOf(peer, 'error')).toBeGreaterThan(500);
  });

  it('are limited on the waitlist too', () => {
    const fixture = new GatewayFixture({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    fixture.join();
    const waiting = fixture.join();
    waiting.send(...pings(201));
    expect(waiting.lastFrame).toMatchObject({ type: 'bye', code: 'RATE_LIMITED' });
  });
});
