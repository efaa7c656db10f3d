import { describe, expect, it } from '@jest/globals';
import { LOG_SHARE, SESSION_ENTRIES_MAX, SESSION_SHARE } from '../../../../src/gateway/flow/unapplied-entries.js';
import { type Frame, GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';
import { inCluster, type LateLog } from '../late-log.js';

/** The default of RANKD_BACKLOG_BYTES_MAX. */
const BACKLOG_BYTES_MAX = 8_388_608;
const SESSION_BYTES_MAX = BACKLOG_BYTES_MAX * LOG_SHARE * SESSION_SHARE;

const commands = (count: number, fields: object = {}): object[] =>
  Array.from({ length: count }, (_, n) => ({ type: 'command', id: `${n}`, name: 'go', reply: 'none', ...fields }));

const kinds = (log: LateLog, kind: string): number => log.undecided.filter(each => each === kind).length;

/** The receipts and errors of a peer. */
const answers = (peer: InMemoryPeer): Frame[] =>
  peer.frames.filter(({ type }) => type === 'receipt' || type === 'error');

const codes = (peer: InMemoryPeer): unknown[] => answers(peer).map(({ code }) => code);

/** Joins a leader and its subordinates. */
function fleet(
  environment: Readonly<Record<string, string>> = {},
  count = 2,
): ReturnType<typeof inCluster> & { peers: InMemoryPeer[] } {
  const { fixture, log } = inCluster(environment);
  const peers = Array.from({ length: count }, () => fixture.join({ heartbeat: false }));
  log.decide();
  fixture.clock.settle();
  return { fixture, log, peers };
}

const [first, second] = [0, 1];

function peerOf(peers: readonly InMemoryPeer[], index: number): InMemoryPeer {
  const peer = peers[index];
  if (peer === undefined) throw new Error(`there is no peer ${index}`);
  return peer;
}

describe('R-FLOW-1 a session of a server in a cluster', () => {
  it('is not read from the limit of its entries on (SESSION_ENTRIES_MAX), until half of them are applied', () => {
    const { fixture, log, peers } = fleet();
    const sender = peerOf(peers, first);
    sender.send(...commands(SESSION_ENTRIES_MAX - 1));
    expect([log.undecided.length, sender.connection.reading]).toEqual([SESSION_ENTRIES_MAX - 1, 'reading']);
    sender.send(...commands(1));
    expect(sender.connection.reading).toBe('paused');
    sender.send(...commands(SESSION_ENTRIES_MAX));
    expect(log.undecided).toHaveLength(SESSION_ENTRIES_MAX);
    log.decide(SESSION_ENTRIES_MAX / 2 - 1);
    fixture.clock.settle();
    expect(sender.connection.reading).toBe('paused');
    log.decide(1);
    fixture.clock.settle();
    expect(log.undecided).toHaveLength(SESSION_ENTRIES_MAX);
    while (log.undecided.length > 0) {
      log.decide();
      fixture.clock.settle();
    }
    expect(answers(sender)).toHaveLength(2 * SESSION_ENTRIES_MAX);
    expect(sender.connection.reading).toBe('reading');
  });

  it('is not read from the limit of the bytes of its entries on (SESSION_SHARE)', () => {
    const { log, peers } = fleet();
    const sender = peerOf(peers, first);
    sender.send(...commands(30, { args: 'x'.repeat(60_000) }));
    const bytes = log.undecided.length * 60_000;
    expect(bytes).toBeGreaterThanOrEqual(SESSION_BYTES_MAX - 60_000);
    expect(bytes).toBeLessThan(SESSION_BYTES_MAX + 60_000);
  });

  it.each([
    [
      'lists of names',
      { to: { names: Array.from({ length: 900 }, (_, n) => `a-member-with-a-long-name-${n}-${'x'.repeat(20)}`) } },
    ],
    ['tags', { to: { tags: Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`tag-${n}`, 'x'.repeat(256)])) } }],
  ])('counts the bytes of %s', (_, fields) => {
    const { log, peers } = fleet();
    peerOf(peers, first).send(...commands(1000, fields));
    expect(log.undecided.length).toBeLessThan(SESSION_BYTES_MAX / 4000);
  });

  it('is read however many entries another session has', () => {
    const { log, peers } = fleet();
    peerOf(peers, first).send(...commands(2 * SESSION_ENTRIES_MAX));
    peerOf(peers, second).send(...commands(1));
    expect(kinds(log, 'command')).toBe(SESSION_ENTRIES_MAX + 1);
  });

  it('is not ended for its silence while it is not read', () => {
    const { fixture, log } = inCluster();
    const sender = fixture.join();
    log.decide();
    sender.send(...commands(2 * SESSION_ENTRIES_MAX));
    fixture.advance(2000);
    log.decide();
    fixture.clock.settle();
    expect(sender.frames.filter(({ type }) => type === 'bye')).toEqual([]);
  });

  it('departs after its own entries, whatever waits', () => {
    const { log, peers } = fleet();
    const sender = peerOf(peers, first);
    sender.send(...commands(2 * SESSION_ENTRIES_MAX));
    sender.close();
    expect(log.undecided.at(-1)).toBe('departed');
    log.decide();
    expect(log.undecided).toEqual([]);
  });

  it('counts requests of administrators too', () => {
    const { fixture, log } = inCluster();
    const admin = fixture.join({ role: 'observer', token: 'admin', heartbeat: false });
    const moves = Array.from({ length: 2000 }, (_, n) => ({
      type: 'admin',
      id: `${n}`,
      action: 'move',
      member: 'm',
      rank: 0,
    }));
    admin.send(...moves);
    expect(kinds(log, 'moved')).toBe(SESSION_ENTRIES_MAX);
  });

  it('is read without a limit by a server of its own', () => {
    const fixture = new GatewayFixture();
    const peers = [fixture.join({ heartbeat: false }), fixture.join({ heartbeat: false })];
    const sender = peerOf(peers, first);
    sender.send(...commands(3 * SESSION_ENTRIES_MAX));
    expect([answers(sender).length, sender.connection.reading]).toEqual([3 * SESSION_ENTRIES_MAX, 'reading']);
  });
});

describe('R-CMD-3 a command over RANKD_COMMANDS_PER_SECOND', () => {
  it('is refused without an entry, after the receipts of the earlier commands', () => {
    const { log, fixture, peers } = fleet({ RANKD_COMMANDS_PER_SECOND: '3' });
    const sender = peerOf(peers, first);
    sender.send(...commands(5));
    expect(kinds(log, 'command')).toBe(3);
    expect(answers(sender)).toEqual([]);
    log.decide(2);
    fixture.clock.settle();
    expect(codes(sender)).toEqual([undefined, undefined]);
    log.decide();
    fixture.clock.settle();
    expect(answers(sender).map(({ id, code }) => [id, code])).toEqual([
      ['0', undefined],
      ['1', undefined],
      ['2', undefined],
      ['3', 'RATE_LIMITED'],
      ['4', 'RATE_LIMITED'],
    ]);
  });

  it('is accepted again as time passes, whatever the wall clock does', () => {
    const { log, fixture, peers } = fleet({ RANKD_COMMANDS_PER_SECOND: '10' });
    const sender = peerOf(peers, first);
    sender.send(...commands(11));
    log.decide();
    fixture.clock.settle();
    fixture.clock.pass(100);
    sender.send(...commands(2));
    log.decide();
    fixture.clock.settle();
    expect(codes(sender).slice(10)).toEqual(['RATE_LIMITED', undefined, 'RATE_LIMITED']);
  });

  it('counts for the member, not for its session', () => {
    const { log, fixture, peers } = fleet({ RANKD_COMMANDS_PER_SECOND: '2', RANKD_GRACE_MS: '1000' });
    const sender = peerOf(peers, second);
    sender.send(...commands(2));
    log.decide();
    const welcome = sender.frames.find(({ type }) => type === 'welcome');
    sender.close();
    log.decide();
    const resume = { member: welcome?.['member'], secret: welcome?.['resume'] };
    const again = fixture.join({ heartbeat: false, resume });
    log.decide();
    fixture.clock.settle();
    again.send(...commands(1));
    expect(kinds(log, 'command')).toBe(0);
    log.decide();
    fixture.clock.settle();
    expect(codes(again)).toEqual(['RATE_LIMITED']);
  });
});

describe('R-CMD-5 a result that is not awaited', () => {
  const result = (seq: number, fields: object = {}): object => ({ type: 'result', seq, status: 'done', ...fields });

  it('gets its error without an entry if its seq was never issued', () => {
    const { log, fixture, peers } = fleet();
    peerOf(peers, second).send(...Array.from({ length: 50 }, (_, n) => result(1000 + n)));
    fixture.clock.settle();
    expect(log.undecided).toEqual([]);
    expect(codes(peerOf(peers, second))).toEqual(Array.from({ length: 50 }, () => 'UNEXPECTED_RESULT'));
  });

  it('gets LATE_RESULT without an entry if its command is closed, and UNEXPECTED_RESULT if others are awaited', () => {
    const { log, fixture, peers } = fleet({}, 3);
    const [leader, other] = [peerOf(peers, first), peerOf(peers, second)];
    leader.send({ type: 'command', id: '1', name: 'go' });
    log.decide();
    fixture.clock.settle();
    const seq = Number(other.frames.find(({ type }) => type === 'command')?.['seq']);
    leader.send(result(seq));
    other.send(result(seq));
    expect(log.undecided).toEqual(['result']);
    log.decide();
    other.send(result(seq));
    peerOf(peers, 2).send(result(seq));
    log.decide();
    other.send(result(seq));
    fixture.clock.settle();
    expect(log.undecided).toEqual([]);
    expect([codes(leader).at(-1), codes(other)]).toEqual(['UNEXPECTED_RESULT', ['UNEXPECTED_RESULT', 'LATE_RESULT']]);
  });

  it('is ignored if it names another epoch', () => {
    const { log, fixture, peers } = fleet();
    peerOf(peers, second).send(result(1, { epoch: 1 }));
    fixture.clock.settle();
    expect([log.undecided, codes(peerOf(peers, second))]).toEqual([[], []]);
  });
});
