import type { Redis } from 'ioredis';
import { idOf, isBefore, placeOf } from './stream-place.js';
import { storedRecordOf, type Anchor } from './stream-record.js';

/**
 * - `rewritten`: another record stands there, or none where one should: Redis has lost what it had.
 * - `trimmed`: the stream begins later.
 * - `missing`: there is no stream, or nothing in it.
 * - `malformed`: it holds what our scripts do not write, or lacks a record in its middle.
 */
export type BrokenWhy = 'rewritten' | 'trimmed' | 'missing' | 'malformed';

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
