import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import { AdaptiveBatchSize } from '../../../src/redis-stream/reading/adaptive-batch-size.js';
import type { RawRecord } from '../../../src/redis-stream/records.js';
import {
  decodeSnapshot,
  encodeSnapshot,
  SNAPSHOT_BYTES_MAX,
} from '../../../src/redis-stream/snapshots/snapshot-codec.js';

const MIB = 1024 * 1024;

function bytes(count: number): readonly (readonly RawRecord[])[] {
  return [[['1-1', ['x'.repeat(count)]]]];
}

describe('a read of the order', () => {
  it('asks for 64 records, and for more while there is room, up to 512 (COUNT_MAX)', () => {
    const size = new AdaptiveBatchSize();
    const counts = [size.count];
    for (let read = 0; read < 4; read += 1) {
      size.adaptTo(bytes(2 * MIB - 1));
      counts.push(size.count);
    }
    expect(counts).toEqual([64, 128, 256, 512, 512]);
  });

  it('asks for half as many after a read of more than 8 MiB (BYTES_MAX), and for at least one', () => {
    const size = new AdaptiveBatchSize();
    size.adaptTo(bytes(2 * MIB));
    size.adaptTo(bytes(8 * MIB));
    expect(size.count).toBe(64);
    const counts: number[] = [];
    for (let read = 0; read < 7; read += 1) {
      size.adaptTo(bytes(8 * MIB + 1));
      counts.push(size.count);
    }
    expect(counts).toEqual([32, 16, 8, 4, 2, 1, 1]);
  });
});

describe('a snapshot', () => {
  it('is limited to 64 MiB (SNAPSHOT_BYTES_MAX) when it is read and when it is written', async () => {
    const largest = 'x'.repeat(SNAPSHOT_BYTES_MAX);
    expect(SNAPSHOT_BYTES_MAX).toBe(64 * MIB);
    expect(
      (await decodeSnapshot(
        systemStreamEnvironment,
        '1-5',
        await encodeSnapshot(systemStreamEnvironment, '1-5', largest),
      )) === largest,
    ).toBe(true);
    await expect(encodeSnapshot(systemStreamEnvironment, '1-5', `${largest}x`)).rejects.toThrow(RangeError);
    const tooLarge = Buffer.from(`${largest}x`);
    const sha256 = createHash('sha256').update('1-5 ').update(tooLarge).digest('hex');
    expect(
      await decodeSnapshot(systemStreamEnvironment, '1-5', { sha256, deflated: deflateSync(tooLarge) }),
    ).toBeUndefined();
  }, 30_000);
});
