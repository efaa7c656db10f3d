/** Checks whether Redis has lost or replaced records. */

import type { Redis } from 'ioredis';
import type { RecordRef, StreamBreakReason } from '../../cluster/stream-port.js';
import { formatPosition, isBefore, parsePosition } from '../../cluster/stream-position.js';
import { parseStoredRecord } from '../records.js';

/**
 * Checks whether the stream in Redis still has `record`. Returns `same` if it has. Marks are unique, so all records before it are
 * unchanged then too. Any other result names the difference.
 */
export async function checkHistory(redis: Redis, log: string, record: RecordRef): Promise<'same' | StreamBreakReason> {
  const id = formatPosition(record.position);
  const [found] = await redis.xrange(log, id, id);
  if (found !== undefined) return parseStoredRecord(found)?.mark === record.mark ? 'same' : 'rewritten';
  const [first] = await redis.xrange(log, '-', '+', 'COUNT', 1);
  if (first === undefined) return 'missing';
  const begin = parsePosition(first[0]);
  if (begin === undefined) return 'malformed';
  return isBefore(record.position, begin) ? 'trimmed' : 'rewritten';
}
