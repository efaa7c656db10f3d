import { describe, expect, it } from '@jest/globals';
import { BEHIND_MS } from '../../../../src/cluster/flow/flow-announcements.js';
import { HEAVY_BYTES } from '../../../../src/gateway/flow/lag-control.js';
import { FakeConnection } from '../fake-connection.js';
import type { Frame, InMemoryPeer } from '../gateway-fixture.js';
import { TwoServers } from '../two-servers.js';

const KB = 1024;
const STALL_MS = 1000;
/** A recipient counts as slow from a quarter of this on, an asker from an eighth on. */
const env = { RANKD_BACKLOG_BYTES_MAX: String(256 * KB), RANKD_STALL_MS: String(STALL_MS) };
const PAYLOAD = 'x'.repeat(16 * KB);

const command = (id: number, fields: object = {}): object => ({ type: 'command', id: `${id}`, name: 'go', ...fields });

const framesOf = (peer: InMemoryPeer, type: string): Frame[] => peer.frames.filter(frame => frame.type === type);

/** A sender at one server, and recipients at the other: one reads only what the test asks it to read. */
class RemoteRecipients extends TwoServers {
  readonly sender = this.here.fixture.join({ heartbeat: false });
  readonly slow: InMemoryPeer;
  readonly reader: InMemoryPeer;
  #ids = 0;

  constructor(format = 2) {
    super(env, format);
    this.settle();
    this.slow = this.there.fixture.join({ heartbeat: false }, new FakeConnection(4 * KB));
    this.reader = this.there.fixture.join({ heartbeat: false });
    this.settle();
  }

  /** Sends commands one by one, as the server reads them. */
  send(count: number): void {
    for (let sent = 0; sent < count; sent += 1) {
      this.#ids += 1;
      this.sender.send(command(this.#ids, { reply: 'none', args: PAYLOAD }));
      this.settle();
    }
  }

  get received(): number {
    return framesOf(this.reader, 'command').length;
  }
}

describe('R-FLOW-1 a sender whose recipients are at another server', () => {
  it('is not read while a recipient there is slow, and every command arrives as the recipient reads', () => {
    const servers = new RemoteRecipients();
    servers.send(60);
    expect([servers.sender.connection.reading, servers.received < 10]).toEqual(['paused', true]);
    for (let round = 0; round < 60 && servers.received < 60; round += 1) {
      expect(servers.slow.connection.backlogBytes).toBeLessThan(128 * KB);
      servers.slow.connection.readBytes(48 * KB);
      servers.advance(100);
    }
    expect([servers.received, servers.sender.connection.reading]).toEqual([60, 'reading']);
    expect(framesOf(servers.slow, 'bye')).toEqual([]);
  });

  it('waits for at most RANKD_STALL_MS in total for one recipient, which then ends with SLOW_CONSUMER', () => {
    const servers = new RemoteRecipients();
    servers.send(10);
    servers.slow.connection.readBytes(KB);
    servers.advance(STALL_MS / 2);
    expect(framesOf(servers.slow, 'bye')).toEqual([]);
    servers.slow.connection.readBytes(KB);
    servers.advance(STALL_MS);
    expect(framesOf(servers.slow, 'bye')).toMatchObject([{ code: 'SLOW_CONSUMER' }]);
    expect(servers.sender.connection.reading).toBe('reading');
    expect(servers.received).toBe(10);
  });

  it('is read again when the other server has left the cluster', () => {
    const servers = new RemoteRecipients();
    servers.send(10);
    expect(servers.sender.connection.reading).toBe('paused');
    servers.loseThere();
    expect(servers.sender.connection.reading).toBe('reading');
  });

  it('does not wait if no server has announced anything, as in a cluster with servers of release 0.1', () => {
    const servers = new RemoteRecipients(1);
    servers.send(10);
    expect(servers.sender.connection.reading).toBe('reading');
  });

  it('does not hold up other senders of its server', () => {
    const servers = new RemoteRecipients();
    const other = servers.here.fixture.join({ heartbeat: false });
    servers.settle();
    servers.send(10);
    other.send(command(1));
    servers.settle();
    expect(framesOf(other, 'receipt')).toHaveLength(1);
  });
});

/** An asker at one server that reads only what the test asks it to read, and members at the other that answer. */
class RemoteAnswers extends TwoServers {
  readonly asker: InMemoryPeer;
  readonly members: readonly InMemoryPeer[];

  constructor() {
    super(env);
    this.asker = this.here.fixture.join({ heartbeat: false }, new FakeConnection(16 * KB));
    this.settle();
    this.members = Array.from({ length: 12 }, () => {
      const member = this.there.fixture.join({ heartbeat: false });
      this.settle();
      return member;
    });
  }

  ask(): void {
    this.asker.send(command(1, { reply: 'each', deadlineMs: 20_000 }));
    this.settle();
    const seq = framesOf(this.members[0] ?? this.asker, 'command').at(-1)?.['seq'];
    for (const member of this.members) member.send({ type: 'result', seq, status: 'done', value: PAYLOAD });
    this.settle();
  }

  get backlogBytes(): number {
    return this.asker.connection.backlogBytes;
  }
}

describe('R-FLOW-1 a member whose results go to an asker at another server', () => {
  it('is not read while the asker reads slowly, and every result arrives as the asker reads', () => {
    const servers = new RemoteAnswers();
    servers.ask();
    expect(framesOf(servers.asker, 'result').length).toBeLessThan(12);
    expect(servers.members.some(({ connection }) => connection.reading === 'paused')).toBe(true);
    for (let round = 0; round < 40; round += 1) {
      expect(servers.backlogBytes).toBeLessThan(128 * KB);
      servers.asker.connection.readBytes(16 * KB);
      servers.advance(50);
    }
    expect(framesOf(servers.asker, 'outcome')).toMatchObject([{ done: 12 }]);
    expect(servers.members.map(({ connection }) => connection.reading)).toEqual(Array(12).fill('reading'));
  });

  it('waits for at most RANKD_STALL_MS for an asker that reads nothing, which ends with SLOW_CONSUMER', () => {
    const servers = new RemoteAnswers();
    servers.ask();
    servers.advance(STALL_MS + 200);
    expect(framesOf(servers.asker, 'bye')).toMatchObject([{ code: 'SLOW_CONSUMER' }]);
    expect(servers.members.map(({ connection }) => connection.reading)).toEqual(Array(12).fill('reading'));
    expect(servers.members.flatMap(member => framesOf(member, 'bye'))).toEqual([]);
  });

  it('has few results in the log at a time, because the asker’s server may say at any time that it is slow', () => {
    const servers = new RemoteAnswers();
    servers.ask();
    // A quarter of an eighth of the backlog limit, or one result.
    expect(servers.resultsWaitingMax).toBe(1);
  });
});

describe('R-FLOW-1 a server that applies the log late', () => {
  const bigCommands = (servers: RemoteRecipients, sender: InMemoryPeer, count: number): void => {
    for (let sent = 0; sent < count; sent += 1) {
      sender.send(command(sent, { reply: 'none', args: 'x'.repeat(60 * KB) }));
      servers.settle();
      servers.slow.connection.readBytes(64 * KB);
    }
  };

  it('has the sessions of all servers paused that send most, until it has caught up', () => {
    const servers = new RemoteRecipients();
    const other = servers.here.fixture.join({ heartbeat: false });
    servers.settle();
    servers.readBackMs.set('there', BEHIND_MS);
    servers.advance(50);
    bigCommands(servers, servers.sender, HEAVY_BYTES / (4 * 60 * KB) + 1);
    other.send(command(1));
    servers.advance(50);
    expect([servers.sender.connection.reading, other.connection.reading]).toEqual(['paused', 'reading']);
    servers.readBackMs.set('there', BEHIND_MS - 1);
    servers.advance(100);
    expect(servers.sender.connection.reading).toBe('reading');
  });

  it('has those paused at once that have sent most in the second before', () => {
    const servers = new RemoteRecipients();
    bigCommands(servers, servers.sender, HEAVY_BYTES / (4 * 60 * KB) + 1);
    expect(servers.sender.connection.reading).toBe('reading');
    servers.readBackMs.set('there', BEHIND_MS);
    servers.advance(100);
    expect(servers.sender.connection.reading).toBe('paused');
  });

  it('pauses no session that sends little', () => {
    const servers = new RemoteRecipients();
    servers.readBackMs.set('there', 10 * BEHIND_MS);
    servers.advance(100);
    servers.sender.send(command(1), command(2));
    servers.advance(100);
    expect(servers.sender.connection.reading).toBe('reading');
  });
});
