import { describe, expect, it } from '@jest/globals';
import { LocalLog } from '../../../../src/log/local-log.js';
import { adminCommand, command, moved } from '../../core/reference/entries.js';
import { FakeConnection } from '../fake-connection.js';
import { type Frame, GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';

/** The log of a server that reads entries of others, and possibly does not read back its own. */
class DoubtfulLog extends LocalLog {
  state: 'current' | 'stale' = 'current';

  override isCurrent(): boolean {
    return this.state === 'current';
  }
}

const TICK_MS = 50;
const AT = 1_800_000_000_000;

interface Server {
  readonly fixture: GatewayFixture;
  readonly log: DoubtfulLog;
  readonly setState: (state: DoubtfulLog['state']) => void;
}

function createServer(environment: Readonly<Record<string, string>> = {}): Server {
  let log: DoubtfulLog | undefined;
  const fixture = new GatewayFixture(environment, coordinator => (log = new DoubtfulLog(coordinator)));
  if (log === undefined) throw new Error('the fixture created no log');
  const made = log;
  const setState = (state: DoubtfulLog['state']): void => {
    made.state = state;
    fixture.clock.pass(TICK_MS);
    fixture.clock.settle();
  };
  return { fixture, log: made, setState };
}

/** Returns what a peer has received since this call, in words. */
function listen(peer: InMemoryPeer): () => string[] {
  const before = peer.frames.length;
  return () => peer.frames.slice(before).flatMap(inWords);
}

function inWords({ type, ...frame }: Frame): string[] {
  switch (type) {
    case 'ping':
      return [];
    case 'view':
      return [`view ${String(frame['seq'])}: rank ${String(frame['rank'])} of ${String(frame['size'])}`];
    case 'command':
      return [`command ${String(frame['seq'])}`];
    case 'receipt':
      return [`receipt ${String(frame['seq'] ?? frame['code'])}`];
    case 'bye':
      return [`bye ${String(frame['code'])}`];
    default:
      return [type];
  }
}

const idOf = (peer: InMemoryPeer): string => String(peer.frames.find(({ type }) => type === 'welcome')?.['member']);
const toAll = { target: { kind: 'all' }, reply: 'none', at: AT } as const;

describe('R-VIEW-3 A server that possibly lacks entries', () => {
  it('holds views, commands and receipts together, and sends them in order when the log is current again', () => {
    const { fixture, log, setState } = createServer();
    const [leader, second, third] = [fixture.join(), fixture.join({ updates: 'size' }), fixture.join()];
    const fourth = fixture.join();
    // The sizes of the joins are sent before.
    fixture.advance(300, leader, second, third, fourth);
    const [toSecond, toThird] = [listen(second), listen(third)];
    setState('stale');
    expect([toSecond(), toThird()]).toEqual([['yield'], ['yield']]);
    log.append(adminCommand(1, toAll));
    leader.close();
    log.append(adminCommand(2, toAll));
    fourth.close();
    log.append(command(idOf(second), 1, { at: AT, session: sessionOf(log, idOf(second)) }));
    fixture.clock.settle();
    expect([toSecond(), toThird()]).toEqual([['yield'], ['yield']]);
    setState('current');
    expect(toSecond()).toEqual([
      'yield',
      'command 5',
      'view 6: rank 0 of 3',
      'command 7',
      'view 8: rank 0 of 2',
      'receipt 9',
    ]);
    expect(toThird()).toEqual(['yield', 'command 5', 'view 6: rank 1 of 3', 'command 7', 'command 9']);
  });

  it('holds commands to many members, whose bytes are shared', () => {
    const { fixture, log, setState } = createServer();
    const [first, ...others] = Array.from({ length: 9 }, () => fixture.join());
    const read = others.map(listen);
    setState('stale');
    log.append(adminCommand(1, toAll));
    first?.close();
    log.append(adminCommand(2, toAll));
    fixture.clock.settle();
    expect(read.map(each => each())).toEqual(others.map(() => ['yield']));
    setState('current');
    expect(read.map(each => each())).toEqual(
      others.map((_, rank) => ['yield', 'command 10', `view 11: rank ${rank} of 8`, 'command 12']),
    );
  });

  it('sends a view that permits to act if nothing was held', () => {
    const { fixture, setState } = createServer();
    const read = listen(fixture.join());
    setState('stale');
    setState('current');
    expect(read()).toEqual(['yield', 'view 1: rank 0 of 1']);
  });

  it('holds the welcome of a session that gets its seat in that time', () => {
    const { fixture, log, setState } = createServer({ RANKD_MEMBERS_MAX: '1', RANKD_WAITLIST_MAX: '1' });
    const member = fixture.join();
    const waiting = fixture.join();
    const read = listen(waiting);
    setState('stale');
    member.close();
    log.append(adminCommand(1, toAll));
    fixture.clock.settle();
    expect(read()).toEqual([]);
    setState('current');
    expect(read()).toEqual(['welcome', 'command 4']);
  });

  it('answers pings and refuses commands in that time', () => {
    const { fixture, setState } = createServer();
    const member = fixture.join();
    const read = listen(member);
    setState('stale');
    member.send({ type: 'ping', n: 7 }, { type: 'command', id: 'c', name: 'print' });
    expect(read()).toEqual(['yield', 'pong', 'receipt UNAVAILABLE']);
  });

  it('drops the held frames if the session ends before', () => {
    const { fixture, log, setState } = createServer();
    const [leader, member] = [fixture.join(), fixture.join()];
    const read = listen(member);
    setState('stale');
    leader.close();
    log.append(adminCommand(1, toAll));
    fixture.clock.settle();
    fixture.gateway.shutdown.disband(100);
    fixture.clock.settle();
    expect(read()).toEqual(['yield', 'bye UNAVAILABLE']);
    expect([fixture.gateway.sessionCount, fixture.gateway.unreadBytes]).toEqual([0, 0]);
  });
});

describe('R-FLOW-1 Held frames', () => {
  const backlogBytesMax = 64 * 1024;
  const environment = {
    RANKD_BACKLOG_BYTES_MAX: String(backlogBytesMax),
    RANKD_FRAME_BYTES_MAX: '8192',
    RANKD_STALL_MS: '100',
  };
  const payload = JSON.stringify('x'.repeat(1000));

  /** Holds `bytes` bytes of commands for one member. */
  function hold(bytes: number): { server: Server; read: () => string[]; connection: FakeConnection } {
    const server = createServer(environment);
    const connection = new FakeConnection();
    const read = listen(server.fixture.join({}, connection));
    server.setState('stale');
    const written = connection.text.length;
    for (let n = 1; server.fixture.gateway.unreadBytes < bytes && read().at(-1) !== 'bye UNAVAILABLE'; n += 1) {
      server.log.append(adminCommand(n, { ...toAll, payload }));
      server.fixture.clock.settle();
    }
    if (server.fixture.gateway.sessionCount > 0) expect(connection.text.length).toBe(written);
    return { server, read, connection };
  }

  it('wait up to the backlog limit, and the client does not count as slow', () => {
    const { server, read } = hold(backlogBytesMax - 2000);
    server.fixture.clock.pass(1000);
    expect(read()).toEqual(['yield']);
    server.setState('current');
    expect(read().filter(word => word.startsWith('command')).length).toBeGreaterThan(50);
    expect(server.fixture.gateway.unreadBytes).toBe(0);
  });

  it('end the session past the backlog limit', () => {
    const { server, read } = hold(backlogBytesMax + 2000);
    expect(read()).toEqual(['yield', 'bye UNAVAILABLE']);
    expect(server.fixture.gateway.unreadBytes).toBe(0);
  });
});

describe('R-LEAD-1 A held view with rank 0', () => {
  /** The second of three members is the leader in a held view. */
  function leading(): { server: Server; member: InMemoryPeer; read: () => string[] } {
    const server = createServer();
    const [leader, member] = [server.fixture.join(), server.fixture.join(), server.fixture.join()] as const;
    const read = listen(member);
    server.setState('stale');
    leader.close();
    return { server, member, read };
  }

  it('is sent if the member still leads', () => {
    const { server, read } = leading();
    server.setState('current');
    expect(read()).toEqual(['yield', 'view 4: rank 0 of 2']);
  });

  it('is never sent if the member has been asked to stop since: the session ends', () => {
    const { server, member, read } = leading();
    server.log.append(moved('1', idOf(member), 1, { at: AT }));
    server.fixture.clock.settle();
    expect(read()).toEqual(['yield', 'bye UNAVAILABLE']);
  });

  it('a leader from before is asked to stop at once, and receives its next rank with the held frames', () => {
    const { fixture, log, setState } = createServer();
    const [leader] = [fixture.join(), fixture.join()];
    const read = listen(leader);
    setState('stale');
    log.append(moved('1', idOf(leader), 1, { at: AT }));
    log.append(adminCommand(2, toAll));
    fixture.clock.settle();
    expect(read()).toEqual(['yield', 'yield']);
    leader.send({ type: 'yielded' }, { type: 'yielded' });
    log.append(adminCommand(3, toAll));
    fixture.clock.settle();
    expect(read()).toEqual(['yield', 'yield']);
    setState('current');
    expect(read()).toEqual(['yield', 'yield', 'command 3', 'view 4: rank 1 of 2', 'command 5']);
  });

  it('a leader that has not answered yet receives its commands, and no view before it has stopped', () => {
    const { fixture, log, setState } = createServer();
    const [leader] = [fixture.join(), fixture.join()];
    const read = listen(leader);
    setState('stale');
    log.append(moved('1', idOf(leader), 1, { at: AT }));
    log.append(adminCommand(2, toAll));
    setState('current');
    expect(read()).toEqual(['yield', 'yield', 'command 3']);
    leader.send({ type: 'yielded' }, { type: 'yielded' });
    expect(read().at(-1)).toBe('view 4: rank 1 of 2');
  });
});

it('R-VIEW-2 a leader that one entry promotes and asks to stop receives the whole view before the request', () => {
  const { fixture, log } = createServer({ RANKD_GRACE_LEADER_MS: '200' });
  const members = [fixture.join(), fixture.join({ updates: 'size' }), fixture.join()];
  const [leader, second, third] = members;
  if (leader === undefined || second === undefined || third === undefined) throw new Error('three members');
  const read = listen(second);
  leader.close();
  // Both wait until the away leader has certainly stopped. The second concerns the next leader.
  log.append(moved('1', idOf(second), 0, { at: fixture.clock.wallMs() }));
  log.append(moved('2', idOf(third), 0, { at: fixture.clock.wallMs() }));
  fixture.advance(600, second, third);
  const frames = read().filter(word => word.startsWith('view') || word === 'yield');
  expect(frames.slice(-2)).toEqual(['view 6: rank 0 of 2', 'yield']);
});

function sessionOf(log: DoubtfulLog, member: string): string {
  const presence = log.groups.get('default')?.roster.member(member)?.presence;
  return presence?.kind === 'present' ? presence.session : '';
}
