import { placeOf, type StreamPlace } from './stream-place.js';

export interface StreamRecord {
  readonly place: StreamPlace;
  readonly body: string;
}

/**
 * A record by itself: a mark is given out once, so where it stands in a history, everything before it is what it was when
 * the mark was written. Replicas and restored files are beginnings of a history, never a mixture.
 */
export interface Anchor {
  readonly place: StreamPlace;
  readonly mark: string;
}

/** A record as Redis keeps it: it names the mark of the one before it. */
export interface StoredRecord extends Anchor {
  readonly previous: string;
  readonly body: string;
}

/** What Redis answers for one record: id and fields, in the order in which the scripts write them. */
export type RawRecord = readonly [id: string, fields: readonly string[]];

/** Undefined where it is not one that our scripts write. */
export function storedRecordOf([id, fields]: RawRecord): StoredRecord | undefined {
  const place = placeOf(id);
  const [markName, mark, previousName, previous, bodyName, body] = fields;
  if (place === undefined || markName !== 'm' || previousName !== 'p' || bodyName !== 'b') return undefined;
  if (mark === undefined || previous === undefined || body === undefined) return undefined;
  return { place, mark, previous, body };
}
