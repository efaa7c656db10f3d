import { describe, expect, it } from '@jest/globals';
import { sharedBytes, UnreadBytes } from '../../../../src/gateway/session/unread-bytes.js';
import { FakeConnection } from '../fake-connection.js';
import { GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const ARGS = 'x'.repeat(60 * KIB);
const env = { RANKD_UNREAD_BYTES_MAX: String(MIB), RANKD_STALL_MS: '1000', RANKD_MEMBERS_MAX: '1000' };

const countOf = (peer: InMemoryPeer, type: string): number => peer.frames.filter(frame => frame.type === type).length;

/** A sender of large commands, and members below it that read nothing. */
class AmplifyingFixture extends GatewayFixture {
  readonly sender = this.join();
  readonly recipients: readonly InMemoryPeer[];

  constructor(recipients: number, ownEnv: Readonly<Record<string, string>> = env) {
    super(ownEnv);
    this.recipients = Array.from({ length: recipients }, () =>
      this.join({ heartbeat: false }, new FakeConnection(4 * KIB)),
    );
  }

  /** Sends commands of 60 KiB until the server does not read any longer. Returns how many it has accepted. */
  flood(sender: InMemoryPeer, fields: object, count = 100): number {
    const before = countOf(sender, 'receipt');
    for (let id = 0; id < count; id += 1)
      sender.send({ type: 'command', id: `${id}`, name: 'go', args: ARGS, ...fields });
    return countOf(sender, 'receipt') - before;
  }
}

describe('R-FLOW-1 One frame to many recipients is in memory once', () => {
  it.each([
    ['all below', 'below'],
    ['every second one, by rank', { ranks: Array.from({ length: 50 }, (_, index) => 1 + 2 * index) }],
  ])('%s: the sender waits at a quarter of RANKD_UNREAD_BYTES_MAX', (_, to) => {
    const fixture = new AmplifyingFixture(100);
    const accepted = fixture.flood(fixture.sender, { to });
    expect(fixture.sender.connection.reading).toBe('paused');
    const unread = fixture.gateway.unreadBytes;
    expect(unread).toBeGreaterThan(MIB / 4);
    // One read more than the limit, and the frames of views.
    expect(unread).toBeLessThan(MIB / 4 + 128 * KIB);
    expect(accepted).toBeLessThanOrEqual(6);
  });

  it('several senders together wait at half of it, and one that has sent nothing is still read', () => {
    const fixture = new AmplifyingFixture(100);
    const accepted: number[] = [];
    for (const sender of fixture.recipients.slice(0, 20)) {
      sender.connection.readBytes(Number.POSITIVE_INFINITY);
      accepted.push(fixture.flood(sender, {}));
    }
    expect(fixture.gateway.unreadBytes).toBeLessThan(MIB / 2 + 20 * 64 * KIB);
    expect(accepted.every(count => count >= 1)).toBe(true);
    expect(accepted.at(-1)).toBe(1);
  });

  it('the sender is read again when the recipients have read', () => {
    const fixture = new AmplifyingFixture(20);
    fixture.flood(fixture.sender, {}, 8);
    for (const { connection } of fixture.recipients) connection.readBytes(100 * MIB);
    fixture.advance(100, fixture.sender);
    expect(fixture.sender.connection.reading).toBe('reading');
    expect(countOf(fixture.sender, 'receipt')).toBe(8);
    expect(fixture.gateway.unreadBytes).toBe(0);
  });

  it('recipients that read nothing are closed after RANKD_STALL_MS, and then nothing is counted', () => {
    const fixture = new AmplifyingFixture(20);
    fixture.flood(fixture.sender, {}, 8);
    const [reader] = fixture.recipients;
    reader?.connection.readBytes(100 * MIB);
    fixture.advance(1200, fixture.sender);
    expect(fixture.recipients.slice(1).map(({ lastFrame }) => lastFrame?.['code'])).toEqual(
      Array(19).fill('SLOW_CONSUMER'),
    );
    expect(countOf(fixture.sender, 'bye')).toBe(0);
    reader?.connection.readBytes(100 * MIB);
    fixture.advance(100, fixture.sender);
    expect(fixture.gateway.unreadBytes).toBe(0);
  });

  it('a recipient that is read to all the time is not closed, although the sender waits for others', () => {
    const fixture = new AmplifyingFixture(20);
    const [busy, other] = fixture.recipients;
    if (busy === undefined || other === undefined) throw new Error('no recipients');
    for (let ms = 0; ms < 3000; ms += 50) {
      busy.connection.readBytes(80 * KIB);
      fixture.flood(fixture.sender, {}, 1);
      fixture.advance(50, fixture.sender);
    }
    expect(busy.frames.map(({ type }) => type)).not.toContain('bye');
    expect(other.lastFrame).toMatchObject({ code: 'SLOW_CONSUMER' });
  });
});

describe('R-PACE-1 Answers that do not fit end the session that asked', () => {
  const result = { type: 'result', seq: 1, status: 'done' };

  it('at RANKD_UNREAD_BYTES_MAX of all sessions together, and no other session', () => {
    const fixture = new GatewayFixture(env);
    const reader = fixture.join();
    const askers = Array.from({ length: 8 }, () => fixture.join({ heartbeat: false }, new FakeConnection(4 * KIB)));
    for (let round = 0; round < 100; round += 1) {
      for (const asker of askers) asker.send(...Array<object>(50).fill(result));
      reader.send(result, { type: 'ping' });
      expect(fixture.gateway.unreadBytes).toBeLessThanOrEqual(MIB);
    }
    expect(askers.map(({ lastFrame }) => lastFrame?.['code'])).toContain('SLOW_CONSUMER');
    expect(countOf(reader, 'pong')).toBe(100);
    expect(countOf(reader, 'error')).toBe(100);
  });

  it('at RANKD_BACKLOG_BYTES_MAX of its own', () => {
    const fixture = new GatewayFixture({ RANKD_BACKLOG_BYTES_MAX: '65536' });
    const [reader, asker] = [fixture.join(), fixture.join({ heartbeat: false }, new FakeConnection(4 * KIB))];
    for (let round = 0; round < 20; round += 1) asker.send(...Array<object>(50).fill(result));
    expect(asker.lastFrame).toMatchObject({ code: 'SLOW_CONSUMER' });
    expect(countOf(reader, 'bye')).toBe(0);
  });
});

describe('UnreadBytes', () => {
  it('counts shared bytes once, until the last holder has released them', () => {
    const unread = new UnreadBytes(1000);
    const shared = sharedBytes(
      100,
      new Map([
        ['s1', 60],
        ['s2', 40],
      ]),
    );
    unread.hold(shared);
    unread.hold(shared);
    expect(unread.total).toBe(100);
    unread.release(shared);
    expect(unread.total).toBe(100);
    unread.release(shared);
    expect(unread.total).toBe(0);
  });

  it.each([
    [250, 0, false],
    [251, 0, true],
    [100, 300, false],
    [101, 300, true],
    [0, 499, false],
    [0, 500, true],
  ])('a sender of %d bytes waits when others hold %d: %s', (own, others, waits) => {
    const unread = new UnreadBytes(1000);
    unread.hold(sharedBytes(own, new Map([['s1', own]])));
    unread.hold(sharedBytes(others, new Map([['s2', others]])));
    expect(unread.isSenderOver('s1')).toBe(waits);
  });
});
