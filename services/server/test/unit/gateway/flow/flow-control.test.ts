import { describe, expect, it } from '@jest/globals';
import { FakeConnection } from '../fake-connection.js';
import { GatewayFixture, type InMemoryPeer } from '../gateway-fixture.js';

const KB = 1024;
/** A recipient counts as slow from this backlog on: a quarter of its limit. */
const env = { RANKD_BACKLOG_BYTES_MAX: String(256 * KB), RANKD_STALL_MS: '1000' };
const ARGS = 'x'.repeat(32 * KB);

const orderNamed = (id: string): object => ({ type: 'command', id, name: 'go', reply: 'none', args: ARGS });

class FlowControlFixture extends GatewayFixture {
  readonly sender: InMemoryPeer;
  readonly slow: InMemoryPeer;
  readonly reader: InMemoryPeer;
  #ids = 0;

  constructor() {
    super(env);
    this.sender = this.join();
    this.slow = this.join({ heartbeat: false }, new FakeConnection(4 * KB));
    this.reader = this.join();
  }

  order(from: InMemoryPeer, count: number, to: object | string = 'below'): void {
    for (let sent = 0; sent < count; sent += 1) {
      this.#ids += 1;
      from.send({ ...orderNamed(`${this.#ids}`), to });
    }
  }

  wait(ms: number): void {
    this.advance(ms, this.sender, this.reader);
  }
}

describe('R-FLOW-1 The server stops reading from a sender while a recipient is far behind', () => {
  it('stops at a quarter of the recipient’s backlog limit, and resumes at an eighth', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 2);
    expect(fixture.sender.connection.reading).toBe('reading');
    fixture.order(fixture.sender, 1);
    expect(fixture.sender.connection.reading).toBe('paused');
    fixture.slow.connection.readBytes(40 * KB);
    fixture.wait(100);
    expect(fixture.sender.connection.reading).toBe('paused');
    fixture.slow.connection.readBytes(30 * KB);
    fixture.wait(100);
    expect(fixture.sender.connection.reading).toBe('reading');
  });

  it('keeps the frames that it has already read, and resumes with them', () => {
    const fixture = new FlowControlFixture();
    const orders = Array.from({ length: 8 }, (_, id) => orderNamed(`${id}`));
    fixture.sender.send(...orders);
    const receipts = (): number => fixture.sender.frames.filter(({ type }) => type === 'receipt').length;
    expect(receipts()).toBeLessThanOrEqual(4);
    for (let round = 0; round < 8; round += 1) {
      fixture.slow.connection.readBytes(100 * KB);
      fixture.wait(100);
    }
    expect(receipts()).toBe(8);
    expect(fixture.sender.connection.reading).toBe('reading');
  });

  it('never exceeds the smallest backlog limit of a recipient that reads, even with the largest read of a sender', () => {
    const fixture = new GatewayFixture({
      RANKD_BACKLOG_BYTES_MAX: String(64 * KB),
      RANKD_FRAME_BYTES_MAX: String(8 * KB),
    });
    const sender = fixture.join();
    // The recipient reads whenever the server waits for it, but at most what an operating system buffers.
    const reader = fixture.join({}, new FakeConnection(16 * KB));
    const small = { type: 'command', name: 'go', reply: 'none', args: 'x'.repeat(20) };
    sender.send(...Array.from({ length: 1000 }, (_, id) => ({ ...small, id: `${id}` })));
    const commands = (): number => reader.frames.filter(({ type }) => type === 'command').length;
    for (let round = 0; round < 100 && commands() < 1000; round += 1) {
      reader.connection.readBytes(16 * KB);
      fixture.advance(50, sender, reader);
    }
    expect(commands()).toBe(1000);
    expect(reader.lastFrame?.type).toBe('command');
  });

  it('keeps reading if all recipients read', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 50, { ranks: [2] });
    expect(fixture.sender.connection.reading).toBe('reading');
  });

  it('keeps reading from members that did not send to the slow recipient', () => {
    const fixture = new FlowControlFixture();
    const other = fixture.join();
    fixture.order(fixture.sender, 3);
    fixture.order(fixture.reader, 3);
    expect(fixture.sender.connection.reading).toBe('paused');
    expect([fixture.reader, other].map(({ connection }) => connection.reading)).toEqual(['reading', 'reading']);
  });

  it('also stops reading from an administrator', () => {
    const fixture = new FlowControlFixture();
    const admin = fixture.join({ role: 'observer', token: 'admin' });
    for (let id = 0; id < 3; id += 1) {
      admin.send({
        type: 'admin',
        action: 'command',
        id: `${id}`,
        name: 'go',
        reply: 'none',
        args: ARGS,
        to: { ranks: [1] },
      });
    }
    expect(admin.connection.reading).toBe('paused');
  });

  it('resumes when the slow recipient has left', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 3);
    fixture.slow.close();
    fixture.wait(100);
    expect(fixture.sender.connection.reading).toBe('reading');
  });
});

describe('R-FLOW-1 The server does not count the silence of a sender that it has paused', () => {
  it('counts silence from the time at which it resumes reading', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 3);
    // This is longer than deadMs. The slow peer reads a little, or the server would end its session.
    fixture.advance(950, fixture.reader);
    expect(fixture.sender.lastFrame).toMatchObject({ type: 'receipt' });
    fixture.slow.connection.readBytes(200 * KB);
    fixture.advance(500, fixture.reader);
    expect(fixture.sender.lastFrame).toMatchObject({ type: 'receipt' });
    fixture.advance(300, fixture.reader);
    expect(fixture.sender.lastFrame).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  });
});

describe('R-FLOW-1 The pongs of a paused sender wait behind its other frames', () => {
  it('does not count silence while the server reads those frames, and counts it after them', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 3);
    fixture.advance(500, fixture.reader);
    fixture.slow.connection.readBytes(200 * KB);
    // This is longer than deadMs. The pongs of the sender wait behind these commands.
    for (let ms = 0; ms < 900; ms += 50) {
      fixture.order(fixture.sender, 1, { ranks: [2] });
      fixture.advance(50, fixture.reader);
    }
    expect(fixture.sender.lastFrame).toMatchObject({ type: 'receipt' });
    fixture.advance(550, fixture.reader);
    expect(fixture.sender.lastFrame).toMatchObject({ type: 'receipt' });
    fixture.advance(200, fixture.reader);
    expect(fixture.sender.lastFrame).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  });

  it('counts silence again after the first pong, even if the sender sends other frames', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 3);
    fixture.slow.connection.readBytes(200 * KB);
    fixture.wait(100);
    for (let ms = 0; ms < 700; ms += 50) {
      fixture.order(fixture.sender, 1, { ranks: [2] });
      fixture.advance(50, fixture.reader);
    }
    expect(fixture.sender.lastFrame).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  });

  it('counts silence after RANKD_STALL_MS without a pong', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 3);
    fixture.slow.connection.readBytes(200 * KB);
    for (let ms = 0; ms < 1700 && fixture.sender.lastFrame?.type !== 'bye'; ms += 50) {
      fixture.order(fixture.sender, 1, { ranks: [2] });
      fixture.advance(50, fixture.reader);
      expect(ms > 1400 || fixture.sender.lastFrame?.type !== 'bye').toBe(true);
    }
    expect(fixture.sender.lastFrame).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  });
});

describe('R-FLOW-1 A session that has read nothing for RANKD_STALL_MS', () => {
  it('is ended after RANKD_STALL_MS, and not at the first tick, however old the server is', () => {
    const fixture = new GatewayFixture(env);
    fixture.advance(60_000);
    // The operating system takes nothing of the first frame before the next tick, as with TLS on a busy machine.
    const peer = fixture.join({ heartbeat: false }, new FakeConnection(0));
    fixture.advance(800);
    expect(peer.lastFrame).toMatchObject({ type: 'welcome' });
    fixture.advance(400);
    expect(peer.lastFrame).toMatchObject({ type: 'bye', code: 'SLOW_CONSUMER' });
  });

  it('is judged from its present backlog on, not from an earlier one', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 1);
    fixture.wait(100);
    fixture.slow.connection.readBytes(200 * KB);
    for (let seconds = 0; seconds < 3; seconds += 1) fixture.wait(1000);
    fixture.slow.connection.room = 0;
    fixture.order(fixture.sender, 1);
    fixture.wait(800);
    expect(fixture.slow.lastFrame).toMatchObject({ type: 'command' });
    fixture.wait(400);
    expect(fixture.slow.lastFrame).toMatchObject({ type: 'bye', code: 'SLOW_CONSUMER' });
  });
});

describe('R-FLOW-1 A recipient may pause its senders for RANKD_STALL_MS in total, until it has caught up', () => {
  it('is closed then with SLOW_CONSUMER, even if it reads a little', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 3);
    for (let ms = 0; ms < 900; ms += 100) {
      fixture.slow.connection.readBytes(KB);
      fixture.wait(100);
    }
    expect(fixture.slow.lastFrame?.type).not.toBe('bye');
    fixture.slow.connection.readBytes(KB);
    fixture.wait(200);
    expect(fixture.slow.lastFrame).toMatchObject({ code: 'SLOW_CONSUMER' });
    expect(fixture.reader.lastFrame).toMatchObject({ type: 'view', rank: 1, cause: { reason: 'SLOW_CONSUMER' } });
    fixture.wait(100);
    expect(fixture.sender.connection.reading).toBe('reading');
  });

  it('has the full time again after it has caught up', () => {
    const fixture = new FlowControlFixture();
    for (let round = 0; round < 3; round += 1) {
      fixture.order(fixture.sender, 3);
      expect(fixture.sender.connection.reading).toBe('paused');
      fixture.wait(700);
      fixture.slow.connection.readBytes(100 * KB);
      fixture.wait(100);
      expect(fixture.sender.connection.reading).toBe('reading');
    }
    expect(fixture.slow.lastFrame?.type).toBe('command');
  });

  it('is not ended for time in which the server itself was stalled', () => {
    const fixture = new FlowControlFixture();
    fixture.order(fixture.sender, 3);
    fixture.wait(500);
    fixture.clock.stall(5000);
    expect(fixture.slow.lastFrame?.type).not.toBe('bye');
  });

  it('is one of several, and the sender waits for each of them', () => {
    const fixture = new FlowControlFixture();
    const other = fixture.join({ heartbeat: false }, new FakeConnection(4 * KB));
    fixture.order(fixture.sender, 3);
    fixture.slow.connection.readBytes(200 * KB);
    fixture.wait(100);
    expect(fixture.sender.connection.reading).toBe('paused');
    other.connection.readBytes(200 * KB);
    fixture.wait(100);
    expect(fixture.sender.connection.reading).toBe('reading');
  });
});

describe('R-BYE-1 A session ends once', () => {
  it.each([4, 5, 6, 7, 8, 9])(
    'although it sends leave while its backlog has no room, with %i commands unread',
    unread => {
      const fixture = new GatewayFixture({
        RANKD_BACKLOG_BYTES_MAX: String(64 * KB),
        RANKD_FRAME_BYTES_MAX: String(8 * KB),
      });
      const senders = Array.from({ length: unread + 2 }, () => fixture.join());
      const leaving = fixture.join({ heartbeat: false }, new FakeConnection(KB));
      for (let joined = 0; joined < 4; joined += 1) fixture.join();
      const large = { type: 'command', id: '1', name: 'go', reply: 'none', args: 'x'.repeat(7000) };
      for (const sender of senders.slice(2)) sender.send({ ...large, to: { ranks: [senders.length] } });
      for (const sender of senders.slice(0, 2)) sender.sendUnflushed(large);
      leaving.send({ type: 'leave' });
      expect(leaving.frames.filter(({ type }) => type === 'bye')).toHaveLength(1);
    },
  );
});
