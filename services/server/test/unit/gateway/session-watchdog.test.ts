import { describe, expect, it } from '@jest/globals';
import { Heartbeat } from '../../../src/gateway/liveness/keepalive.js';
import { SessionWatchdog } from '../../../src/gateway/liveness/session-watchdog.js';
import type { Session } from '../../../src/gateway/session/session.js';
import { FakeConnection } from './fake-connection.js';
import { GatewayStage, type FakePeer } from './gateway-fixture.js';

const codeOf = ({ last }: FakePeer): unknown => last?.['code'];

describe('R-JOIN-1 The vigil ends sessions that do not say hello', () => {
  it('waits RANKD_HELLO_TIMEOUT_MS', () => {
    const stage = new GatewayStage({ RANKD_HELLO_TIMEOUT_MS: '500' });
    const [mute, late] = [stage.connect(), stage.connect()];
    stage.pass(490);
    expect(mute.frames).toEqual([]);
    late.say({ type: 'hello' });
    stage.pass(100, late);
    expect(codeOf(mute)).toBe('HELLO_TIMEOUT');
    expect(late.last).toMatchObject({ type: 'welcome' });
  });

  it('lets 16 times as many wait in a rush: while it is busy, and for half a second after', () => {
    const stage = new GatewayStage({ RANKD_HELLO_PENDING_MAX: '2', RANKD_HELLO_TIMEOUT_MS: '60000' });
    stage.clock.busy = true;
    const peers = Array.from({ length: 33 }, () => stage.connect());
    stage.clock.pass(400);
    const ended = (): number => peers.filter(({ last }) => last?.type === 'bye').length;
    expect(ended()).toBe(1);
    stage.clock.busy = false;
    stage.clock.pass(450);
    expect(ended()).toBe(1);
    stage.clock.pass(150);
    expect(ended()).toBe(31);
  });

  it('takes 50 that connect within one tick for a rush, though it is idle', () => {
    const stage = new GatewayStage({ RANKD_HELLO_PENDING_MAX: '10', RANKD_HELLO_TIMEOUT_MS: '60000' });
    stage.clock.pass(60);
    const peers = Array.from({ length: 50 }, () => stage.connect());
    const ended = (): number => peers.filter(({ last }) => last?.type === 'bye').length;
    stage.clock.pass(500);
    expect(ended()).toBe(0);
    stage.clock.pass(150);
    expect(ended()).toBe(40);
  });

  it('ends the longest-waiting past RANKD_HELLO_PENDING_MAX, of those that have been silent for 250 ms', () => {
    const stage = new GatewayStage({ RANKD_HELLO_PENDING_MAX: '2', RANKD_HELLO_TIMEOUT_MS: '60000' });
    const early = [stage.connect(), stage.connect()];
    stage.pass(240);
    const late = [stage.connect(), stage.connect(), stage.connect()];
    stage.pass(100);
    expect([...early, ...late].map(codeOf)).toEqual(Array(5).fill(undefined));
    late[0]?.say({ type: 'hello' });
    stage.pass(200);
    expect(early.map(codeOf)).toEqual(['HELLO_TIMEOUT', 'HELLO_TIMEOUT']);
    expect(late.slice(1).map(codeOf)).toEqual([undefined, undefined]);
  });

  it('counts none that has closed or spoken', () => {
    const stage = new GatewayStage({ RANKD_HELLO_PENDING_MAX: '1', RANKD_HELLO_TIMEOUT_MS: '60000' });
    const peers = [stage.connect(), stage.connect(), stage.connect()] as const;
    peers[0].close();
    peers[1].say({ type: 'hello', role: 'observer' });
    stage.pass(400, peers[1]);
    expect(codeOf(peers[2])).toBeUndefined();
  });
});

describe('R-LIFE-1 The vigil pings, and ends who is silent for deadMs', () => {
  it('holds against nobody the time in which the server itself stood still', () => {
    const stage = new GatewayStage();
    const [alive, mute] = [stage.join(), stage.join()];
    stage.pass(300, alive);
    stage.clock.stall(5000);
    // Two ticks of the server's own are all that it counts of them.
    stage.pass(150, alive);
    expect(codeOf(mute)).toBeUndefined();
    stage.pass(250, alive);
    expect(codeOf(mute)).toBe('HEARTBEAT_TIMEOUT');
    expect(codeOf(alive)).toBeUndefined();
  });

  it('pings members, observers and those who wait, and nobody who said heartbeat false', () => {
    const stage = new GatewayStage({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    const pinged = [stage.join(), stage.join(), stage.join({ role: 'observer' })];
    const person = stage.join({ role: 'observer', heartbeat: false });
    stage.pass(160, ...pinged);
    for (const { frames } of pinged)
      expect(frames.filter(({ type }) => type === 'ping')).toEqual([{ type: 'ping', n: 1, seen: 0 }]);
    stage.pass(2000, ...pinged);
    expect(person.frames.map(({ type }) => type)).toEqual(['welcome']);
    expect(pinged.map(codeOf)).toEqual([undefined, undefined, undefined]);
  });
});

describe('R-LEAD-1 The vigil knows when a leader was last heard', () => {
  /** Answers the next ping that comes; the leader is heard now. */
  function hear(stage: GatewayStage, leader: FakePeer, deputy: FakePeer): void {
    const before = leader.frames.length;
    while (leader.frames.length === before) stage.pass(10, deputy);
    leader.pong();
  }

  it.each([0, 100, 350])('waits suspendMs since its last pong where it was put out %d ms later', silentMs => {
    const stage = new GatewayStage();
    const [leader, deputy] = [stage.join(), stage.join()];
    stage.pass(300, leader, deputy);
    hear(stage, leader, deputy);
    const heardAtMs = stage.clock.monotonicMs();
    stage.pass(silentMs, deputy);
    leader.say([]);
    expect(codeOf(leader)).toBe('BAD_FRAME');
    while (deputy.last?.['rank'] !== 0) stage.pass(10, deputy);
    const tookMs = stage.clock.monotonicMs() - heardAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(400);
    expect(tookMs).toBeLessThanOrEqual(420);
  });

  it('is told at once where its own end closes, and not where ours does', () => {
    for (const by of ['peer', 'us'] as const) {
      const stage = new GatewayStage();
      const [leader, deputy] = [stage.join(), stage.join()];
      stage.pass(300, leader, deputy);
      leader.say([]);
      leader.close(by);
      expect(deputy.last?.['rank']).toBe(by === 'peer' ? 0 : 1);
      stage.pass(500, deputy);
      expect(deputy.last?.['rank']).toBe(0);
    }
  });

  it('takes one timer for what it is: an answer to its own ask', () => {
    const stage = new GatewayStage();
    const [leader, deputy, third] = [stage.join(), stage.join(), stage.join()];
    const admin = stage.join({ role: 'observer', token: 'admin' });
    const alive = [leader, deputy, admin];
    const move = (member: unknown): void => admin.say({ type: 'admin', id: 'x', action: 'move', member, rank: 0 });
    move(third.frames[0]?.['member']);
    expect(leader.last).toEqual({ type: 'yield' });
    third.say({ type: 'leave' });
    leader.say({ type: 'yielded' });
    expect(leader.last).toMatchObject({ type: 'view', rank: 0, was: 0, changes: 0 });
    stage.pass(300, ...alive);
    move(deputy.frames[0]?.['member']);
    stage.pass(250, ...alive);
    // The time of the first ask is up; the second has to be answered, or to wait for its own.
    expect(deputy.last?.['rank']).toBe(1);
    stage.pass(250, ...alive);
    expect(deputy.last?.['rank']).toBe(0);
  });

  it('sends a leader that was asked no ping, and takes no pong of it', () => {
    const stage = new GatewayStage({ RANKD_SUSPEND_MS: '500' });
    const [leader, deputy] = [stage.join(), stage.join()];
    const admin = stage.join({ role: 'observer', token: 'admin' });
    stage.pass(300, leader, deputy, admin);
    admin.say({ type: 'admin', id: 'x', action: 'move', member: leader.frames[0]?.['member'], rank: 1 });
    const before = leader.frames.length;
    stage.pass(350, leader, deputy, admin);
    expect(leader.frames).toHaveLength(before);
    stage.pass(250, leader, deputy, admin);
    expect(leader.frames.slice(before).map(({ type }) => type)).toEqual(expect.arrayContaining(['view', 'ping']));
    expect(leader.frames[before]).toMatchObject({ type: 'view', rank: 1, was: 0 });
  });
});

describe('R-BYE-1 The vigil ends who takes nothing of what waits for it', () => {
  it('waits RANKD_STALL_MS, and forgives whoever takes something', () => {
    const stage = new GatewayStage({ RANKD_STALL_MS: '300', RANKD_HEARTBEAT_MS: '100' });
    const connection = new FakeConnection();
    const peer = stage.join({ heartbeat: false }, connection);
    connection.room = 0;
    peer.say({ type: 'roster' });
    stage.pass(250);
    connection.take(1);
    stage.pass(250);
    expect(codeOf(peer)).toBeUndefined();
    stage.pass(150);
    expect(codeOf(peer)).toBe('SLOW_CONSUMER');
  });
});

describe('R-LIFE-1 The vigil looks only at open sessions', () => {
  it('forgets a session that the end of another one has ended in the same tick', () => {
    const stallFreeClock = { nowMs: 0 };
    const watchdog = new SessionWatchdog(50, {
      config: { RANKD_HEARTBEAT_MS: 100, RANKD_SUSPEND_MS: 400, RANKD_DEAD_MS: 600 },
      stallFreeClock,
      sessions: { get: () => undefined },
      timers: { after: () => ({ cancel: () => undefined }) },
      flowControl: { excusesSilence: () => false },
    });
    let looks = 0;
    const ended = {
      id: 's1',
      get state() {
        looks += 1;
        return { phase: 'closing' };
      },
    } as unknown as Session;
    watchdog.scheduleHeartbeat(ended, new Heartbeat({ heartbeatMs: 100, deadMs: 600 }, 0));
    for (; stallFreeClock.nowMs <= 1000; stallFreeClock.nowMs += 50) watchdog.checkHeartbeats();
    expect(looks).toBe(1);
  });
});
