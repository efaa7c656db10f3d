import { beforeEach, describe, expect, it } from '@jest/globals';
import { Coordinator } from '../../../src/core/index.js';
import { LocalLog } from '../../../src/log/local-log.js';
import type { AcquireResult } from '../../../src/log/ordered-log.js';
import { goodbye, joined, newcomer, rulesOf } from '../core/reference/entries.js';
import { GatewayFixture } from './gateway-fixture.js';
import { LateLog } from './late-log.js';

/** A log that has not read the shard of the group yet. */
class UnreadLog extends LocalLog {
  readonly needed: string[] = [];
  readonly #waiting: ((reached: AcquireResult) => void)[] = [];

  override acquireGroup(group: string, then: (reached: AcquireResult) => void): void {
    this.needed.push(group);
    this.#waiting.push(then);
  }

  override releaseGroup(group?: string): void {
    this.needed.splice(this.needed.indexOf(group ?? ''), 1);
  }

  answer(reached: AcquireResult): void {
    for (const then of this.#waiting.splice(0)) then(reached);
  }
}

function createFixture(environment: Readonly<Record<string, string>> = {}): { fixture: GatewayFixture; log: LateLog } {
  let log: LateLog | undefined;
  const fixture = new GatewayFixture(environment, coordinator => (log = new LateLog(coordinator)));
  if (log === undefined) throw new Error('the fixture created no log');
  return { fixture, log };
}

describe('A log that applies entries later', () => {
  it('R-FLOW-1 counts results that it has not applied as backlog of the session that asked', () => {
    const { fixture, log } = createFixture({ RANKD_BACKLOG_BYTES_MAX: String(256 * 1024) });
    const asker = fixture.join({ heartbeat: false });
    const members = Array.from({ length: 12 }, () => fixture.join());
    log.decide();
    asker.send({ type: 'command', id: '1', name: 'go', reply: 'each', deadlineMs: 20_000 });
    log.decide();
    fixture.clock.settle();
    const seq = Number(members[0]?.lastFrame?.['seq']);
    for (const member of members) member.send({ type: 'result', seq, status: 'done', value: 'x'.repeat(30 * 1024) });
    expect(members.filter(({ connection }) => connection.reading === 'paused')).toHaveLength(10);
    for (let round = 0; round < 12; round += 1) {
      log.decide();
      fixture.advance(50, ...members);
    }
    expect(asker.frames.filter(({ type }) => type === 'outcome')).toMatchObject([{ done: 12 }]);
    expect(members.map(({ connection }) => connection.reading)).toEqual(Array(12).fill('reading'));
  });

  it('R-VIEW-4 removes a member that closed while it waited, also if it was given a seat in the meantime', () => {
    const { fixture, log } = createFixture({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    const first = fixture.join();
    const second = fixture.join();
    log.decide();
    fixture.clock.settle();
    expect(second.lastFrame?.type).toBe('waiting');
    first.close();
    second.close();
    expect(log.undecided).toEqual(['departed', 'waiting-left']);
    log.decide();
    expect(log.groups.get('default')?.roster.size).toBe(1);
    log.decide();
    expect(log.groups.get('default')).toBeUndefined();
  });

  it('R-VIEW-4 removes a member and a waiting peer that closed before their hellos were applied', () => {
    const { fixture, log } = createFixture({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    const peers = [fixture.join(), fixture.join()];
    for (const peer of peers) peer.close();
    log.decide(2);
    expect(log.undecided).toEqual(['departed', 'waiting-left']);
    log.decide();
    log.decide();
    expect(log.groups.get('default')).toBeUndefined();
  });

  it('sends an observer the end of a group, even if that is the first entry that this server applies', () => {
    const coordinator = new Coordinator(rulesOf(), 0);
    coordinator.apply(joined('a', { newcomer: newcomer('a', { session: 'other/s1' }) }));
    const log = new LateLog(coordinator);
    const fixture = new GatewayFixture({}, () => log);
    const observer = fixture.join({ role: 'observer', token: 'admin', updates: 'rank' });
    log.append(goodbye('a', { session: 'other/s1' }));
    log.decide();
    fixture.clock.settle();
    expect(observer.lastFrame).toMatchObject({ type: 'view', size: 0 });
  });
});

describe('A log that has not read a group yet', () => {
  let log: UnreadLog;
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture({ RANKD_OBSERVERS_MAX: '2' }, coordinator => (log = new UnreadLog(coordinator)));
  });

  it('R-JOIN-1 delays hellos, and the frames after them, until the group is read', () => {
    const member = fixture.join({ name: 'a' });
    const observer = fixture.join({ role: 'observer' });
    observer.send({ type: 'ping', n: 7 });
    expect([member.frames, observer.frames, log.needed]).toEqual([[], [], ['default', 'default']]);
    log.answer('reached');
    fixture.clock.settle();
    expect(member.frames.map(({ type }) => type)).toEqual(['welcome']);
    expect(observer.frames.map(({ type }) => type).slice(0, 2)).toEqual(['welcome', 'pong']);
  });

  it('keeps a group loaded while a session in it is connected, admitted or not', () => {
    const early = fixture.join({ name: 'a' });
    early.close();
    expect(log.needed).toEqual([]);
    const member = fixture.join({ name: 'b' });
    log.answer('reached');
    fixture.clock.settle();
    expect([early.frames, member.lastFrame?.type, log.needed]).toEqual([[], 'welcome', ['default']]);
    member.close();
    expect(log.needed).toEqual([]);
  });

  it('R-BYE-1 sends UNAVAILABLE if the group stays unreachable', () => {
    const member = fixture.join({ name: 'a' });
    log.answer('unreachable');
    fixture.clock.settle();
    expect(member.lastFrame).toMatchObject({ type: 'bye', code: 'UNAVAILABLE' });
    expect(log.needed).toEqual([]);
  });

  it('R-BYE-2 sends DRAINING to delayed hellos when the server drains', async () => {
    const member = fixture.join({ name: 'a' });
    void fixture.gateway.shutdown.drain(0);
    log.answer('reached');
    fixture.clock.settle();
    expect(member.lastFrame).toMatchObject({ type: 'bye', code: 'DRAINING' });
    expect(log.groups.get('default')).toBeUndefined();
    await Promise.resolve();
  });
});
