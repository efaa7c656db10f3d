import type { Redis } from 'ioredis';
import type { Anchor, BrokenWhy } from '../../cluster/stream-port.js';
import { idOf, isBefore, placeOf } from '../../cluster/stream-position.js';
import { storedRecordOf } from '../records.js';

/** Whether the stream still holds this record; where it does, it is also whole up to there. */
export async function overlapOf(redis: Redis, log: string, anchor: Anchor): Promise<'same' | BrokenWhy> {
  const id = idOf(anchor.place);
  const [found] = await redis.xrange(log, id, id);
  if (found !== undefined) return storedRecordOf(found)?.mark === anchor.mark ? 'same' : 'rewritten';
  const [first] = await redis.xrange(log, '-', '+', 'COUNT', 1);
  if (first === undefined) return 'missing';
  const begin = placeOf(first[0]);
  if (begin === undefined) return 'malformed';
  return isBefore(anchor.place, begin) ? 'trimmed' : 'rewritten';
}
