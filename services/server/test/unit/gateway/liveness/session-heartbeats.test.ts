import { describe, expect, it } from '@jest/globals';
import { Heartbeat } from '../../../../src/gateway/liveness/heartbeat.js';
import { SessionHeartbeats } from '../../../../src/gateway/liveness/session-heartbeats.js';
import type { Session } from '../../../../src/gateway/session/session.js';
import { FakeConnection } from '../fake-connection.js';
import { GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';

const codeOf = ({ lastFrame }: InMemoryPeer): unknown => lastFrame?.['code'];

describe('R-JOIN-1 The server ends sessions that send no hello', () => {
  it('ends them after RANKD_HELLO_TIMEOUT_MS', () => {
    const fixture = new GatewayFixture({ RANKD_HELLO_TIMEOUT_MS: '500' });
    const [mute, late] = [fixture.connect(), fixture.connect()];
    fixture.advance(490);
    expect(mute.frames).toEqual([]);
    late.send({ type: 'hello' });
    fixture.advance(100, late);
    expect(codeOf(mute)).toBe('HELLO_TIMEOUT');
    expect(late.lastFrame).toMatchObject({ type: 'welcome' });
  });

  it.each([11, 50, 1000])('keeps 10 of %d that connect at once, with a limit of 10', count => {
    const fixture = new GatewayFixture({ RANKD_HELLO_PENDING_MAX: '10', RANKD_HELLO_TIMEOUT_MS: '60000' });
    const peers = Array.from({ length: count }, () => fixture.connect());
    const ended = (): boolean[] => peers.map(({ lastFrame }) => lastFrame?.type === 'bye');
    fixture.clock.pass(240);
    expect(ended()).not.toContain(true);
    fixture.clock.pass(60);
    expect(ended()).toEqual(peers.map((_, index) => index < count - 10));
  });

  it('does not count the time in which the server was stalled and could read no hello', () => {
    const fixture = new GatewayFixture({ RANKD_HELLO_PENDING_MAX: '10', RANKD_HELLO_TIMEOUT_MS: '60000' });
    const peers = Array.from({ length: 50 }, () => fixture.connect());
    fixture.clock.stall(5000);
    for (const peer of peers) peer.send({ type: 'hello', role: 'observer' });
    fixture.clock.pass(400);
    expect(peers.map(codeOf)).not.toContain('HELLO_TIMEOUT');
  });

  it('ends the oldest sessions past RANKD_HELLO_PENDING_MAX, among those silent for 250 ms', () => {
    const fixture = new GatewayFixture({ RANKD_HELLO_PENDING_MAX: '2', RANKD_HELLO_TIMEOUT_MS: '60000' });
    const early = [fixture.connect(), fixture.connect()];
    fixture.advance(240);
    const late = [fixture.connect(), fixture.connect(), fixture.connect()];
    fixture.advance(100);
    expect([...early, ...late].map(codeOf)).toEqual(Array(5).fill(undefined));
    late[0]?.send({ type: 'hello' });
    fixture.advance(200);
    expect(early.map(codeOf)).toEqual(['HELLO_TIMEOUT', 'HELLO_TIMEOUT']);
    expect(late.slice(1).map(codeOf)).toEqual([undefined, undefined]);
  });

  it('does not count sessions that are closed or have sent a hello', () => {
    const fixture = new GatewayFixture({ RANKD_HELLO_PENDING_MAX: '1', RANKD_HELLO_TIMEOUT_MS: '60000' });
    const peers = [fixture.connect(), fixture.connect(), fixture.connect()] as const;
    peers[0].close();
    peers[1].send({ type: 'hello', role: 'observer' });
    fixture.advance(400, peers[1]);
    expect(codeOf(peers[2])).toBeUndefined();
  });
});

describe('R-LIFE-1 SessionHeartbeats sends pings, and ends sessions that are silent for deadMs', () => {
  it('does not count the time in which the server itself was stalled', () => {
    const fixture = new GatewayFixture();
    const [alive, mute] = [fixture.join(), fixture.join()];
    fixture.advance(300, alive);
    fixture.clock.stall(5000);
    // In this time the server counts only two of its ticks as silence.
    fixture.advance(150, alive);
    expect(codeOf(mute)).toBeUndefined();
    fixture.advance(250, alive);
    expect(codeOf(mute)).toBe('HEARTBEAT_TIMEOUT');
    expect(codeOf(alive)).toBeUndefined();
  });

  it('pings members, observers and waiting sessions, except those with heartbeat false', () => {
    const fixture = new GatewayFixture({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    const pinged = [fixture.join(), fixture.join(), fixture.join({ role: 'observer' })];
    const person = fixture.join({ role: 'observer', heartbeat: false });
    fixture.advance(160, ...pinged);
    for (const { frames } of pinged)
      expect(frames.filter(({ type }) => type === 'ping')).toEqual([{ type: 'ping', n: 1, seen: 0 }]);
    fixture.advance(2000, ...pinged);
    expect(person.frames.map(({ type }) => type)).toEqual(['welcome']);
    expect(pinged.map(codeOf)).toEqual([undefined, undefined, undefined]);
  });
});

describe('R-LEAD-1 SessionHeartbeats knows when the server last received a pong of the leader', () => {
  /** Waits until the server pings the leader, and answers at once. */
  function answerNextPing(fixture: GatewayFixture, leader: InMemoryPeer, deputy: InMemoryPeer): void {
    const before = leader.frames.length;
    while (leader.frames.length === before) fixture.advance(10, deputy);
    leader.pong();
  }

  it.each([0, 100, 350])('waits suspendMs after the last pong if the session ends %d ms later', silentMs => {
    const fixture = new GatewayFixture();
    const [leader, deputy] = [fixture.join(), fixture.join()];
    fixture.advance(300, leader, deputy);
    answerNextPing(fixture, leader, deputy);
    const pongAtMs = fixture.clock.monotonicMs();
    fixture.advance(silentMs, deputy);
    leader.send([]);
    expect(codeOf(leader)).toBe('BAD_FRAME');
    while (deputy.lastFrame?.['rank'] !== 0) fixture.advance(10, deputy);
    const tookMs = fixture.clock.monotonicMs() - pongAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(400);
    expect(tookMs).toBeLessThanOrEqual(420);
  });

  it('promotes the next member at once if the leader closes its end, and not if the server does', () => {
    for (const by of ['peer', 'us'] as const) {
      const fixture = new GatewayFixture();
      const [leader, deputy] = [fixture.join(), fixture.join()];
      fixture.advance(300, leader, deputy);
      leader.send([]);
      leader.close(by);
      expect(deputy.lastFrame?.['rank']).toBe(by === 'peer' ? 0 : 1);
      fixture.advance(500, deputy);
      expect(deputy.lastFrame?.['rank']).toBe(0);
    }
  });

  it('accepts an expired timer only as the answer to its own request', () => {
    const fixture = new GatewayFixture();
    const [leader, deputy, third] = [fixture.join(), fixture.join(), fixture.join()];
    const admin = fixture.join({ role: 'observer', token: 'admin' });
    const alive = [leader, deputy, admin];
    const move = (member: unknown): void => admin.send({ type: 'admin', id: 'x', action: 'move', member, rank: 0 });
    move(third.frames[0]?.['member']);
    expect(leader.lastFrame).toEqual({ type: 'yield' });
    third.send({ type: 'leave' });
    leader.send({ type: 'yielded' });
    expect(leader.lastFrame).toMatchObject({ type: 'view', rank: 0, was: 0, changes: 0 });
    fixture.advance(300, ...alive);
    move(deputy.frames[0]?.['member']);
    fixture.advance(250, ...alive);
    // The time of the first ask has passed. The second ask needs its own answer or its own time.
    expect(deputy.lastFrame?.['rank']).toBe(1);
    fixture.advance(250, ...alive);
    expect(deputy.lastFrame?.['rank']).toBe(0);
  });

  it('sends no ping to a leader that was asked to stop, and ignores its pongs', () => {
    const fixture = new GatewayFixture({ RANKD_SUSPEND_MS: '500' });
    const [leader, deputy] = [fixture.join(), fixture.join()];
    const admin = fixture.join({ role: 'observer', token: 'admin' });
    fixture.advance(300, leader, deputy, admin);
    admin.send({ type: 'admin', id: 'x', action: 'move', member: leader.frames[0]?.['member'], rank: 1 });
    const before = leader.frames.length;
    fixture.advance(350, leader, deputy, admin);
    expect(leader.frames).toHaveLength(before);
    fixture.advance(250, leader, deputy, admin);
    expect(leader.frames.slice(before).map(({ type }) => type)).toEqual(expect.arrayContaining(['view', 'ping']));
    expect(leader.frames[before]).toMatchObject({ type: 'view', rank: 1, was: 0 });
  });
});

describe('R-BYE-1 The server ends a session whose peer reads nothing', () => {
  it('waits RANKD_STALL_MS, and starts again when the peer accepts something', () => {
    const fixture = new GatewayFixture({ RANKD_STALL_MS: '300', RANKD_HEARTBEAT_MS: '100' });
    const connection = new FakeConnection();
    const peer = fixture.join({ heartbeat: false }, connection);
    connection.room = 0;
    peer.send({ type: 'roster' });
    fixture.advance(250);
    connection.readBytes(1);
    fixture.advance(250);
    expect(codeOf(peer)).toBeUndefined();
    fixture.advance(150);
    expect(codeOf(peer)).toBe('SLOW_CONSUMER');
  });
});

describe('R-LIFE-1 SessionHeartbeats checks open sessions only', () => {
  it('forgets a session that was ended in the same tick because another session ended', () => {
    const stallFreeClock = { nowMs: 0 };
    const heartbeats = new SessionHeartbeats(50, {
      config: { RANKD_HEARTBEAT_MS: 100, RANKD_SUSPEND_MS: 400, RANKD_DEAD_MS: 600 },
      stallFreeClock,
      sessions: { get: () => undefined },
      timers: { after: () => ({ cancel: () => undefined }) },
      pausedSenders: { excusesSilence: () => false },
    });
    let looks = 0;
    const ended = {
      id: 's1',
      get state() {
        looks += 1;
        return { phase: 'closing' };
      },
    } as unknown as Session;
    heartbeats.scheduleHeartbeat(ended, new Heartbeat({ heartbeatMs: 100, deadMs: 600 }, 0));
    for (; stallFreeClock.nowMs <= 1000; stallFreeClock.nowMs += 50) heartbeats.checkHeartbeats();
    expect(looks).toBe(1);
  });
});
