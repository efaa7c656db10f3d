import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BUFFER_BYTES_MAX, EXIT_FLUSH_MS, LogSink } from '../../src/log-sink.js';

/** A descriptor that accepts `room` bytes, and then fails with `code`. */
class FakeDescriptor {
  room = Number.POSITIVE_INFINITY;
  code = 'EAGAIN';
  writes = 0;
  taken = '';

  readonly writeNow = (bytes: Uint8Array): number => {
    this.writes += 1;
    const count = Math.min(this.room, bytes.length);
    if (count === 0) throw Object.assign(new Error('write'), { code: this.code });
    this.room -= count;
    this.taken += Buffer.from(bytes.subarray(0, count)).toString('latin1');
    return count;
  };

  block(code = 'EAGAIN'): void {
    this.room = 0;
    this.code = code;
  }
}

let descriptor: FakeDescriptor;
let sink: LogSink;
let reported: number[];

beforeEach(() => {
  jest.useFakeTimers();
  descriptor = new FakeDescriptor();
  sink = new LogSink(descriptor.writeNow);
  reported = [];
  sink.onDropped(count => {
    reported.push(count);
    sink.write(`dropped ${count}\n`);
  });
});
afterEach(() => {
  jest.useRealTimers();
});

const lineOf = (bytes: number): string => `${'x'.repeat(bytes - 1)}\n`;

describe('a descriptor that accepts everything', () => {
  it('receives the lines of one round of the event loop in one write, after that round', () => {
    for (const line of ['a\n', 'b\n', 'c\n']) sink.write(line);
    expect(descriptor.writes).toBe(0);
    jest.advanceTimersByTime(1);
    expect([descriptor.writes, descriptor.taken]).toEqual([1, 'a\nb\nc\n']);
  });

  it('receives more than 64 KiB in parts, without waiting for the end of the round', () => {
    for (let n = 0; n < 3; n += 1) sink.write(lineOf(40_000));
    expect(descriptor.taken).toHaveLength(80_000);
  });

  it('receives any number of bytes of one round, and no line is dropped', () => {
    for (let n = 0; n < 300; n += 1) sink.write(lineOf(10_000));
    jest.advanceTimersByTime(1);
    expect([descriptor.taken.length, sink.linesDropped]).toEqual([3_000_000, 0]);
  });
});

describe.each(['EAGAIN', 'ENOSPC', 'EPIPE', 'EIO'])('a descriptor that fails with %s', code => {
  beforeEach(() => {
    descriptor.block(code);
    sink.write('waits\n');
    jest.advanceTimersByTime(1);
  });

  it('is tried again, and receives the pending lines in order and once', () => {
    sink.write('later\n');
    jest.advanceTimersByTime(100);
    descriptor.room = 3;
    jest.advanceTimersByTime(1000);
    expect(descriptor.taken).toBe('wai');
    descriptor.room = Number.POSITIVE_INFINITY;
    jest.advanceTimersByTime(1000);
    expect([descriptor.taken, sink.linesDropped, reported]).toEqual(['waits\nlater\n', 0, []]);
  });

  it('has at most 1 MiB of pending lines (BUFFER_BYTES_MAX); the line past that is dropped and counted', () => {
    sink.write(lineOf(BUFFER_BYTES_MAX - 'waits\n'.length));
    expect(sink.linesDropped).toBe(0);
    sink.write('\n');
    expect(sink.linesDropped).toBe(1);
    descriptor.room = Number.POSITIVE_INFINITY;
    jest.advanceTimersByTime(1000);
    expect(descriptor.taken).toHaveLength(BUFFER_BYTES_MAX + 'dropped 1\n'.length);
    expect(descriptor.taken.endsWith('x\ndropped 1\n')).toBe(true);
  });

  it('is not tried again in every round', () => {
    const { writes } = descriptor;
    for (let turn = 0; turn < 10; turn += 1) {
      sink.write('more\n');
      jest.advanceTimersByTime(1);
    }
    expect(descriptor.writes).toBe(writes);
  });
});

describe('a gap of dropped lines', () => {
  beforeEach(() => {
    descriptor.block();
    sink.write(lineOf(BUFFER_BYTES_MAX));
    for (let n = 0; n < 5; n += 1) sink.write('lost\n');
  });

  it('ends when all earlier lines are written, and is reported once, before the next line', () => {
    jest.advanceTimersByTime(1);
    descriptor.room = 1000;
    jest.advanceTimersByTime(100);
    sink.write('fits, but would hide the gap\n');
    expect([sink.linesDropped, reported]).toEqual([6, []]);
    descriptor.room = Number.POSITIVE_INFINITY;
    jest.advanceTimersByTime(100);
    sink.write('after\n');
    jest.advanceTimersByTime(100);
    expect(reported).toEqual([6]);
    expect(descriptor.taken.endsWith('x\ndropped 6\nafter\n')).toBe(true);
  });

  it('is counted from 0 after its report; the total continues', () => {
    descriptor.room = Number.POSITIVE_INFINITY;
    jest.advanceTimersByTime(100);
    descriptor.block();
    sink.write(lineOf(BUFFER_BYTES_MAX));
    sink.write('lost\n');
    descriptor.room = Number.POSITIVE_INFINITY;
    jest.advanceTimersByTime(100);
    expect([reported, sink.linesDropped]).toEqual([[5, 1], 6]);
  });

  it('of one line that is longer than the buffer is reported too, without pending lines', () => {
    descriptor.room = Number.POSITIVE_INFINITY;
    jest.advanceTimersByTime(100);
    sink.write(lineOf(BUFFER_BYTES_MAX + 1));
    jest.advanceTimersByTime(100);
    expect(reported).toEqual([5, 1]);
  });
});

it('the log sink counts bytes, not characters', () => {
  descriptor.block();
  sink.write('ä'.repeat(BUFFER_BYTES_MAX / 2));
  sink.write('\n');
  expect(sink.linesDropped).toBe(1);
});

describe('a process that exits', () => {
  beforeEach(() => {
    jest.useRealTimers();
  });

  it('waits for a full descriptor that accepts the rest in parts, and loses nothing', () => {
    const parts = new LogSink(bytes => {
      descriptor.room = descriptor.writes % 2 === 0 ? 0 : 100;
      return descriptor.writeNow(bytes);
    });
    parts.write(lineOf(1000));
    parts.flushAtExit();
    expect(descriptor.taken).toHaveLength(1000);
  });

  it('reports how many lines were dropped', () => {
    descriptor.block();
    sink.write(lineOf(BUFFER_BYTES_MAX));
    sink.write('lost\n');
    descriptor.room = Number.POSITIVE_INFINITY;
    sink.flushAtExit();
    expect(descriptor.taken.endsWith('dropped 1\n')).toBe(true);
  });

  it('waits at most EXIT_FLUSH_MS for a descriptor that stays full', () => {
    descriptor.block();
    sink.write('last\n');
    const startedMs = performance.now();
    sink.flushAtExit();
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(EXIT_FLUSH_MS - 1);
    expect(tookMs).toBeLessThan(10 * EXIT_FLUSH_MS);
  });

  it.each(['ENOSPC', 'EPIPE'])('does not wait for a descriptor that fails with %s', code => {
    descriptor.block(code);
    sink.write('last\n');
    sink.flushAtExit();
    expect(descriptor.writes).toBe(1);
  });
});
