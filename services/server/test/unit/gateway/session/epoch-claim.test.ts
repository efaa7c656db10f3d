import { describe, expect, it } from '@jest/globals';
import type { KeptSeat } from '../../../../src/core/index.js';
import { secretDigest } from '../../../../src/constant-time.js';
import { LocalLog } from '../../../../src/log/local-log.js';
import type { AcquireResult } from '../../../../src/log/ordered-log.js';
import { keptSeat, newcomer, joined } from '../../core/reference/entries.js';
import { type Frame, GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';

const SECRET = 'the secret of b';
const MEMBERS_AWAY_MS = 100;

/** A server that has restarted with the seats of `a` and `b`, and its epoch. */
function restarted(environment: Readonly<Record<string, string>> = {}): { fixture: GatewayFixture; epoch: number } {
  const fixture = new GatewayFixture({ RANKD_REFORM_MS: '5000', ...environment });
  const epoch = fixture.clock.wallMs();
  const seats: KeptSeat[] = [keptSeat('a', 0), keptSeat('b', 1, { secretHash: secretDigest(SECRET) })];
  fixture.gateway.restore(new Map([['default', seats]]));
  fixture.clock.pass(MEMBERS_AWAY_MS);
  return { fixture, epoch };
}

const claim = (epoch: unknown, secret = 'lost'): object => ({ resume: { member: 'b', secret, epoch } });
const welcomeOf = (peer: InMemoryPeer): Frame | undefined => peer.frames.find(({ type }) => type === 'welcome');
const epochOf = (peer: InMemoryPeer): unknown => welcomeOf(peer)?.['epoch'];

describe('R-JOIN-1 resume.epoch', () => {
  it('makes the epoch of a restored group rise above it, whether the seat is known or lost', () => {
    const lost = restarted();
    const fresh = lost.fixture.join(claim(lost.epoch + 50));
    expect(welcomeOf(fresh)).toMatchObject({ epoch: lost.fixture.clock.wallMs(), rank: 2, resumed: false, view: 3 });
    const known = restarted();
    const back = known.fixture.join(claim(known.epoch + MEMBERS_AWAY_MS, SECRET));
    expect(welcomeOf(back)).toMatchObject({ epoch: known.epoch + MEMBERS_AWAY_MS + 1, rank: 1, resumed: true });
  });

  it('gives a later leader a larger fencing token', () => {
    const { fixture, epoch } = restarted();
    const held = epoch + 50;
    const peer = fixture.join({ ...claim(held), heartbeat: false });
    fixture.clock.pass(6000);
    const led = peer.frames.findLast(({ type, rank }) => type === 'view' && rank === 0);
    expect(led).toMatchObject({ rank: 0, size: 1 });
    expect(Number(led?.['epoch'])).toBeGreaterThan(held);
  });

  it.each([
    ['the present epoch', 0],
    ['an earlier epoch', -1],
    ['an epoch past the wall clock', MEMBERS_AWAY_MS + 1],
    ['the largest whole number', Number.MAX_SAFE_INTEGER],
  ])('has no effect with %s', (_, above) => {
    const { fixture, epoch } = restarted();
    const peer = fixture.join(claim(Math.min(Number.MAX_SAFE_INTEGER, epoch + above), SECRET));
    expect(welcomeOf(peer)).toMatchObject({ epoch, resumed: true });
  });

  it('has no effect after another member has come, nor a second time', () => {
    const { fixture, epoch } = restarted();
    fixture.join();
    expect(epochOf(fixture.join(claim(epoch + 50)))).toBe(epoch);
    const twice = restarted();
    const first = twice.fixture.join(claim(twice.epoch + 50));
    const raised = Number(epochOf(first));
    first.close();
    twice.fixture.clock.pass(100);
    expect(epochOf(twice.fixture.join(claim(raised + 50)))).toBe(raised);
  });

  it('is not read from an observer', () => {
    const { fixture, epoch } = restarted();
    expect(epochOf(fixture.join({ role: 'observer', ...claim(epoch + 50) }))).toBe(epoch);
  });

  it('R-VIEW-2 sends an observer one view of the later epoch, and the whole roster', () => {
    const { fixture, epoch } = restarted();
    const observer = fixture.join({ role: 'observer' });
    const peer = fixture.join(claim(epoch + 50));
    const [welcome, ...frames] = observer.frames;
    expect(welcome).toMatchObject({ epoch, size: 2 });
    expect(frames).toMatchObject([
      { type: 'view', epoch: epochOf(peer), view: 3, size: 3, changes: 3, reset: true },
      { type: 'roster', epoch: epochOf(peer), view: 3, members: [{ member: 'a' }, { member: 'b' }, { rank: 2 }] },
    ]);
  });

  it.each([['5'], [-1], [1.5], [null], [{}], [true]])('is refused with BAD_MESSAGE if it is %j', value => {
    const { fixture } = restarted();
    expect(fixture.join(claim(value)).lastFrame).toMatchObject({ type: 'bye', code: 'BAD_MESSAGE' });
  });
});

describe('R-JOIN-1 a later epoch than that of the group, in a cluster', () => {
  /** A log of a cluster in which another server has a member. `asked` has the hellos that wait. */
  class ClusterLog extends LocalLog {
    readonly asked: ((result: AcquireResult) => void)[] = [];
    override awaitServersOf(_group: string, then: (result: AcquireResult) => void): void {
      this.asked.push(then);
    }
  }

  function inCluster(): { fixture: GatewayFixture; log: ClusterLog; epoch: number } {
    let log: ClusterLog | undefined;
    const fixture = new GatewayFixture({}, coordinator => (log = new ClusterLog(coordinator)));
    if (log === undefined) throw new Error('the fixture created no log');
    const epoch = fixture.clock.wallMs();
    log.append(joined('a', { at: epoch, newcomer: newcomer('a', { session: 'other/1' }) }));
    fixture.clock.pass(MEMBERS_AWAY_MS);
    return { fixture, log, epoch };
  }

  it('waits until the other servers are known to run or to have ended', () => {
    const { fixture, log, epoch } = inCluster();
    const peer = fixture.join(claim(epoch + 50));
    expect(peer.frames).toEqual([]);
    log.append({ kind: 'server-gone', group: 'default', at: epoch, server: 'other', reason: 'SERVER_LOST' });
    for (const then of log.asked) then('reached');
    fixture.clock.settle();
    expect(Number(epochOf(peer))).toBeGreaterThan(epoch + 50);
  });

  it('is refused with UNAVAILABLE if that is not known in time', () => {
    const { fixture, log, epoch } = inCluster();
    const peer = fixture.join(claim(epoch + 50));
    for (const then of log.asked) then('unreachable');
    fixture.clock.settle();
    expect(peer.lastFrame).toMatchObject({ type: 'bye', code: 'UNAVAILABLE', retry: true });
  });

  it('has no effect if the client closes while it waits', () => {
    const { fixture, log, epoch } = inCluster();
    const peer = fixture.join(claim(epoch + 50));
    peer.close();
    for (const then of log.asked) then('reached');
    expect([log.coordinator.groups.get('default')?.roster.size, peer.frames]).toEqual([1, []]);
  });

  it('is waited for in no other case', () => {
    const { fixture, log, epoch } = inCluster();
    for (const hello of [{}, claim(epoch), claim(undefined), { role: 'observer', ...claim(epoch + 50) }])
      expect(epochOf(fixture.join(hello))).toBe(epoch);
    expect(epochOf(fixture.join({ group: 'new', ...claim(epoch + 50) }))).toBeGreaterThan(epoch);
    expect(log.asked).toEqual([]);
  });
});
