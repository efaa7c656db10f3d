import { beforeEach, describe, expect, it } from '@jest/globals';
import { Coordinator, type Entry } from '../../../src/core/index.js';
import { LocalLog } from '../../../src/log/local-log.js';
import type { AcquireResult } from '../../../src/log/ordered-log.js';
import { goodbye, joined, newcomer, rulesOf } from '../core/reference/entries.js';
import { GatewayFixture } from './gateway-fixture.js';

/** An order that is decided elsewhere: what is appended comes back when the test says so. */
class LateLog extends LocalLog {
  readonly #undecided: Entry[] = [];

  override append(entry: Entry): void {
    this.#undecided.push(entry);
  }

  /** The next ones have their place. */
  decide(count = this.#undecided.length): void {
    for (const entry of this.#undecided.splice(0, count)) super.append(entry);
  }

  get undecided(): readonly string[] {
    return this.#undecided.map(({ kind }) => kind);
  }
}

/** An order of which this server has yet to read what concerns the group. */
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
  if (log === undefined) throw new Error('the fixture has made no log');
  return { fixture, log };
}

describe('An order that decides late', () => {
  it('R-VIEW-4 keeps nobody who was gone from the waitlist before it was given a seat', () => {
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

  it('R-VIEW-4 keeps nobody who was gone before its hello was decided on, nor on the waitlist', () => {
    const { fixture, log } = createFixture({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    const peers = [fixture.join(), fixture.join()];
    for (const peer of peers) peer.close();
    log.decide(2);
    expect(log.undecided).toEqual(['departed', 'waiting-left']);
    log.decide();
    log.decide();
    expect(log.groups.get('default')).toBeUndefined();
  });

  it('is followed where the first that is performed of a group is its end', () => {
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

describe('An order that has yet to be read up', () => {
  let log: UnreadLog;
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture({ RANKD_OBSERVERS_MAX: '2' }, coordinator => (log = new UnreadLog(coordinator)));
  });

  it('R-JOIN-1 takes whoever said hello once it is, and not before; what they say next waits too', () => {
    const member = fixture.join({ name: 'a' });
    const observer = fixture.join({ role: 'observer' });
    observer.send({ type: 'ping', n: 7 });
    expect([member.frames, observer.frames, log.needed]).toEqual([[], [], ['default', 'default']]);
    log.answer('reached');
    fixture.clock.settle();
    expect(member.frames.map(({ type }) => type)).toEqual(['welcome']);
    expect(observer.frames.map(({ type }) => type).slice(0, 2)).toEqual(['welcome', 'pong']);
  });

  it('is needed for as long as somebody is connected, whether admitted or not', () => {
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

  it('R-BYE-1 sends them elsewhere where that takes too long', () => {
    const member = fixture.join({ name: 'a' });
    log.answer('unreachable');
    fixture.clock.settle();
    expect(member.lastFrame).toMatchObject({ type: 'bye', code: 'UNAVAILABLE' });
    expect(log.needed).toEqual([]);
  });

  it('R-BYE-2 takes nobody who waited for it when the server goes down', async () => {
    const member = fixture.join({ name: 'a' });
    void fixture.gateway.shutdown.drain(0);
    log.answer('reached');
    fixture.clock.settle();
    expect(member.lastFrame).toMatchObject({ type: 'bye', code: 'DRAINING' });
    expect(log.groups.get('default')).toBeUndefined();
    await Promise.resolve();
  });
});
