import { describe, expect, it } from '@jest/globals';
import { SharedBatch } from '../../../src/gateway/delivery/shared-batch.js';
import { Outbox } from '../../../src/gateway/session/outbox.js';
import { FakeConnection } from './fake-connection.js';

function outboxTo(connection: FakeConnection): {
  outbox: Outbox;
  traffic: { receivedBytes: number; sentBytes: number };
} {
  const traffic = { receivedBytes: 0, sentBytes: 0 };
  return { outbox: new Outbox(connection, { backlogBytesMax: 100, stallMs: 50 }, traffic), traffic };
}

const frame = (bytes: number): string => 'x'.repeat(bytes);

/** Adds the frame if it fits, as a session does. */
function take(outbox: Outbox, piece: string): boolean {
  const hasRoom = outbox.hasRoomForFrame(piece);
  if (hasRoom) outbox.addFrame(piece);
  return hasRoom;
}

describe('R-VIEW-2 The outbox writes the frames of a flush cycle together', () => {
  it('keeps frames in order in one write, and counts their bytes', () => {
    const connection = new FakeConnection();
    const { outbox, traffic } = outboxTo(connection);
    for (const text of ['a', 'b', 'c']) outbox.addFrame(text);
    expect(connection.written).toEqual([]);
    outbox.flush();
    outbox.flush();
    expect(connection.written).toHaveLength(1);
    expect(connection.text).toBe('abc');
    expect(traffic.sentBytes).toBe(3);
  });

  it('passes a shared batch on without a copy', () => {
    const connection = new FakeConnection();
    const share = new SharedBatch([{ from: 0, to: 9, frame: 'shared', by: undefined }], 1, 9);
    const { outbox } = outboxTo(connection);
    outbox.addBatch(share);
    outbox.flush();
    expect(connection.written[0]).toBe(share.bytes);
  });

  it('writes a shared batch at once, together with the frames before it', () => {
    const connection = new FakeConnection();
    const { outbox, traffic } = outboxTo(connection);
    const share = new SharedBatch([{ from: 0, to: 9, frame: 'shared', by: undefined }], 1, 9);
    outbox.writeBatch(share);
    expect(connection.written[0]).toBe(share.bytes);
    outbox.addFrame('before ');
    outbox.addFrame(' after', 1);
    outbox.writeBatch(share);
    expect(connection.written.slice(1).map(String)).toEqual(['before shared after']);
    expect(traffic.sentBytes).toBe(connection.text.length);
  });

  it('keeps its own frames in their place among shared batches', () => {
    const connection = new FakeConnection();
    const deliveries = ['1', 'é', '3', '4'].map(text => ({ from: 0, to: 9, frame: text, by: undefined }));
    const { outbox } = outboxTo(connection);
    outbox.addFrame('a', 0);
    outbox.addFrame('b', 2);
    outbox.addFrame('c', 2);
    outbox.addFrame('d', 4);
    outbox.addBatch(new SharedBatch(deliveries, 0, 9));
    outbox.addFrame('e');
    outbox.flush();
    expect(connection.text).toBe('a1ébc34de');
  });
});

describe('R-FLOW-1 The outbox is bounded', () => {
  it('rejects a frame past backlogBytesMax, counting collected and unsent bytes', () => {
    const connection = new FakeConnection(0);
    const { outbox } = outboxTo(connection);
    expect(take(outbox, frame(60))).toBe(true);
    outbox.flush();
    expect(take(outbox, frame(40))).toBe(true);
    expect(outbox.backlogBytes).toBe(100);
    expect(take(outbox, 'é')).toBe(false);
    expect(take(outbox, frame(1))).toBe(false);
    connection.readBytes(1);
    expect(take(outbox, frame(1))).toBe(true);
  });

  it('accepts a frame of any length while nothing waits, because its length says nothing about the peer', () => {
    const connection = new FakeConnection(0);
    const { outbox } = outboxTo(connection);
    expect(take(outbox, frame(300))).toBe(true);
    outbox.flush();
    expect(take(outbox, frame(1))).toBe(false);
  });

  it('passes the frames of one flush cycle to the operating system before it counts them as backlog', () => {
    const connection = new FakeConnection();
    const { outbox } = outboxTo(connection);
    for (let count = 0; count < 50; count += 1) expect(take(outbox, frame(60))).toBe(true);
    outbox.flush();
    expect(connection.text).toHaveLength(3000);
  });
});

describe('R-FLOW-1 A peer that accepts no byte for stallMs is stalled', () => {
  it('is not stalled while nothing waits', () => {
    const { outbox } = outboxTo(new FakeConnection());
    for (let nowMs = 0; nowMs < 1000; nowMs += 10) expect(outbox.isStalled(nowMs)).toBe(false);
    outbox.addFrame(frame(10));
    outbox.flush();
    for (let nowMs = 1000; nowMs < 2000; nowMs += 10) expect(outbox.isStalled(nowMs)).toBe(false);
  });

  it('is stalled stallMs after it accepted a byte, until it accepts another', () => {
    const connection = new FakeConnection(0);
    const { outbox } = outboxTo(connection);
    expect(outbox.isStalled(990)).toBe(false);
    outbox.addFrame(frame(90));
    outbox.flush();
    expect(outbox.isStalled(1000)).toBe(false);
    expect(outbox.isStalled(1039)).toBe(false);
    expect(outbox.isStalled(1040)).toBe(true);
    connection.readBytes(1);
    expect(outbox.isStalled(1041)).toBe(false);
    expect(outbox.isStalled(1090)).toBe(false);
    expect(outbox.isStalled(1091)).toBe(true);
  });

  it('is not stalled if it accepts a little between any two checks, even if more is added', () => {
    const connection = new FakeConnection(0);
    const { outbox } = outboxTo(connection);
    for (let nowMs = 0; nowMs < 2000; nowMs += 40) {
      outbox.addFrame(frame(1));
      outbox.flush();
      connection.readBytes(nowMs === 0 ? 0 : 1);
      expect(outbox.isStalled(nowMs)).toBe(false);
    }
  });
});
