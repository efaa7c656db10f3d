import type { Redis } from 'ioredis';
import type { RecordRef, StreamBreakReason } from '../../cluster/stream-port.js';
import { positionId, isBefore, parsePosition } from '../../cluster/stream-position.js';
import { storedRecordOf } from '../records.js';

/** Whether the stream still holds this record; where it does, it is also whole up to there. */
export async function checkHistory(redis: Redis, log: string, anchor: RecordRef): Promise<'same' | StreamBreakReason> {
  const id = positionId(anchor.place);
  const [found] = await redis.xrange(log, id, id);
  if (found !== undefined) return storedRecordOf(found)?.mark === anchor.mark ? 'same' : 'rewritten';
  const [first] = await redis.xrange(log, '-', '+', 'COUNT', 1);
  if (first === undefined) return 'missing';
  const begin = parsePosition(first[0]);
  if (begin === undefined) return 'malformed';
  return isBefore(anchor.place, begin) ? 'trimmed' : 'rewritten';
}
