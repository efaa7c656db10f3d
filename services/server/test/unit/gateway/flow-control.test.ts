import { describe, expect, it } from '@jest/globals';
import { FakeConnection } from './fake-connection.js';
import { GatewayStage, type FakePeer } from './gateway-fixture.js';

const KB = 1024;
/** Where a recipient counts as slow: a quarter of the backlog that it may have. */
const env = { RANKD_BACKLOG_BYTES_MAX: String(256 * KB), RANKD_STALL_MS: '1000' };
const ARGS = 'x'.repeat(32 * KB);

const orderNamed = (id: string): object => ({ type: 'command', id, name: 'go', reply: 'none', args: ARGS });

class FlowStage extends GatewayStage {
  readonly sender: FakePeer;
  readonly slow: FakePeer;
  readonly reader: FakePeer;
  #ids = 0;

  constructor() {
    super(env);
    this.sender = this.join();
    this.slow = this.join({ heartbeat: false }, new FakeConnection(4 * KB));
    this.reader = this.join();
  }

  order(from: FakePeer, count: number, to: object | string = 'below'): void {
    for (let sent = 0; sent < count; sent += 1) {
      this.#ids += 1;
      from.say({ ...orderNamed(`${this.#ids}`), to });
    }
  }

  wait(ms: number): void {
    this.pass(ms, this.sender, this.reader);
  }
}

describe('R-FLOW-1 A sender is not read from while a recipient is far behind', () => {
  it('is read from up to a quarter of what may wait, and again at an eighth', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 2);
    expect(stage.sender.connection.reading).toBe('reading');
    stage.order(stage.sender, 1);
    expect(stage.sender.connection.reading).toBe('paused');
    stage.slow.connection.take(40 * KB);
    stage.wait(100);
    expect(stage.sender.connection.reading).toBe('paused');
    stage.slow.connection.take(30 * KB);
    stage.wait(100);
    expect(stage.sender.connection.reading).toBe('reading');
  });

  it('waits with what has been read of it already too, and goes on there', () => {
    const stage = new FlowStage();
    const orders = Array.from({ length: 8 }, (_, id) => orderNamed(`${id}`));
    stage.sender.say(...orders);
    const receipts = (): number => stage.sender.frames.filter(({ type }) => type === 'receipt').length;
    expect(receipts()).toBeLessThanOrEqual(4);
    for (let round = 0; round < 8; round += 1) {
      stage.slow.connection.take(100 * KB);
      stage.wait(100);
    }
    expect(receipts()).toBe(8);
    expect(stage.sender.connection.reading).toBe('reading');
  });

  it('never overruns a recipient that reads, however much one read brings, at the least backlog that may be set', () => {
    const stage = new GatewayStage({ RANKD_BACKLOG_BYTES_MAX: String(64 * KB), RANKD_FRAME_BYTES_MAX: String(8 * KB) });
    const sender = stage.join();
    // It takes what there is whenever the server waits for it, and no more than an operating system holds.
    const reader = stage.join({}, new FakeConnection(16 * KB));
    const small = { type: 'command', name: 'go', reply: 'none', args: 'x'.repeat(20) };
    sender.say(...Array.from({ length: 1000 }, (_, id) => ({ ...small, id: `${id}` })));
    const commands = (): number => reader.frames.filter(({ type }) => type === 'command').length;
    for (let round = 0; round < 100 && commands() < 1000; round += 1) {
      reader.connection.take(16 * KB);
      stage.pass(50, sender, reader);
    }
    expect(commands()).toBe(1000);
    expect(reader.last?.type).toBe('command');
  });

  it('is nobody whose recipients all read', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 50, { ranks: [2] });
    expect(stage.sender.connection.reading).toBe('reading');
  });

  it('is nobody who did not send to the slow one', () => {
    const stage = new FlowStage();
    const other = stage.join();
    stage.order(stage.sender, 3);
    stage.order(stage.reader, 3);
    expect(stage.sender.connection.reading).toBe('paused');
    expect([stage.reader, other].map(({ connection }) => connection.reading)).toEqual(['reading', 'reading']);
  });

  it('is also an administrator', () => {
    const stage = new FlowStage();
    const admin = stage.join({ role: 'observer', token: 'admin' });
    for (let id = 0; id < 3; id += 1) {
      admin.say({
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

  it('is read from again when the slow one has gone', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 3);
    stage.slow.close();
    stage.wait(100);
    expect(stage.sender.connection.reading).toBe('reading');
  });
});

describe('R-FLOW-1 The silence of a paused sender is not held against it', () => {
  it('counts from when it is read from again', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 3);
    // Longer than deadMs; it takes a little, or it would be put out.
    stage.pass(950, stage.reader);
    expect(stage.sender.last).toMatchObject({ type: 'receipt' });
    stage.slow.connection.take(200 * KB);
    stage.pass(500, stage.reader);
    expect(stage.sender.last).toMatchObject({ type: 'receipt' });
    stage.pass(300, stage.reader);
    expect(stage.sender.last).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  });
});

describe('R-FLOW-1 What a paused sender answered meanwhile comes after all else that it sent', () => {
  it('is not silent while that is being read, and is once nothing comes any more', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 3);
    stage.pass(500, stage.reader);
    stage.slow.connection.take(200 * KB);
    // For longer than deadMs; its pongs wait behind these.
    for (let ms = 0; ms < 900; ms += 50) {
      stage.order(stage.sender, 1, { ranks: [2] });
      stage.pass(50, stage.reader);
    }
    expect(stage.sender.last).toMatchObject({ type: 'receipt' });
    stage.pass(550, stage.reader);
    expect(stage.sender.last).toMatchObject({ type: 'receipt' });
    stage.pass(200, stage.reader);
    expect(stage.sender.last).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  });

  it('is silent again, whatever else it sends, once a pong has come', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 3);
    stage.slow.connection.take(200 * KB);
    stage.wait(100);
    for (let ms = 0; ms < 700; ms += 50) {
      stage.order(stage.sender, 1, { ranks: [2] });
      stage.pass(50, stage.reader);
    }
    expect(stage.sender.last).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  });

  it('is silent if it goes on like that for longer than RANKD_STALL_MS', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 3);
    stage.slow.connection.take(200 * KB);
    for (let ms = 0; ms < 1700 && stage.sender.last?.type !== 'bye'; ms += 50) {
      stage.order(stage.sender, 1, { ranks: [2] });
      stage.pass(50, stage.reader);
      expect(ms > 1400 || stage.sender.last?.type !== 'bye').toBe(true);
    }
    expect(stage.sender.last).toMatchObject({ code: 'HEARTBEAT_TIMEOUT' });
  });
});

describe('R-FLOW-1 A recipient may hold up its senders for RANKD_STALL_MS in all, until it has caught up', () => {
  it('is put out then, though it reads a little', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 3);
    for (let ms = 0; ms < 900; ms += 100) {
      stage.slow.connection.take(KB);
      stage.wait(100);
    }
    expect(stage.slow.last?.type).not.toBe('bye');
    stage.slow.connection.take(KB);
    stage.wait(200);
    expect(stage.slow.last).toMatchObject({ code: 'SLOW_CONSUMER' });
    expect(stage.reader.last).toMatchObject({ type: 'view', rank: 1, cause: { reason: 'SLOW_CONSUMER' } });
    stage.wait(100);
    expect(stage.sender.connection.reading).toBe('reading');
  });

  it('starts anew once it has caught up', () => {
    const stage = new FlowStage();
    for (let round = 0; round < 3; round += 1) {
      stage.order(stage.sender, 3);
      expect(stage.sender.connection.reading).toBe('paused');
      stage.wait(700);
      stage.slow.connection.take(100 * KB);
      stage.wait(100);
      expect(stage.sender.connection.reading).toBe('reading');
    }
    expect(stage.slow.last?.type).toBe('command');
  });

  it('is not charged for the time in which the server itself stood still', () => {
    const stage = new FlowStage();
    stage.order(stage.sender, 3);
    stage.wait(500);
    stage.clock.stall(5000);
    expect(stage.slow.last?.type).not.toBe('bye');
  });

  it('is one of several, each of whom holds up the sender', () => {
    const stage = new FlowStage();
    const other = stage.join({ heartbeat: false }, new FakeConnection(4 * KB));
    stage.order(stage.sender, 3);
    stage.slow.connection.take(200 * KB);
    stage.wait(100);
    expect(stage.sender.connection.reading).toBe('paused');
    other.connection.take(200 * KB);
    stage.wait(100);
    expect(stage.sender.connection.reading).toBe('reading');
  });
});

describe('R-BYE-1 A session ends once', () => {
  it.each([4, 5, 6, 7, 8, 9])(
    'though it leaves while it has no room for what is under way to it, with %i commands unread',
    unread => {
      const stage = new GatewayStage({
        RANKD_BACKLOG_BYTES_MAX: String(64 * KB),
        RANKD_FRAME_BYTES_MAX: String(8 * KB),
      });
      const senders = Array.from({ length: unread + 2 }, () => stage.join());
      const leaving = stage.join({ heartbeat: false }, new FakeConnection(KB));
      for (let joined = 0; joined < 4; joined += 1) stage.join();
      const large = { type: 'command', id: '1', name: 'go', reply: 'none', args: 'x'.repeat(7000) };
      for (const sender of senders.slice(2)) sender.say({ ...large, to: { ranks: [senders.length] } });
      for (const sender of senders.slice(0, 2)) sender.sayWithin(large);
      leaving.say({ type: 'leave' });
      expect(leaving.frames.filter(({ type }) => type === 'bye')).toHaveLength(1);
    },
  );
});
