import type { RecordRef } from '../cluster/stream-port.js';
import { positionId, parsePosition } from '../cluster/stream-position.js';

/** A record as Redis keeps it: it names the mark of the one before it. */
export interface StoredRecord extends RecordRef {
  readonly previous: string;
  readonly body: string;
}

/** What Redis answers for one record: id and fields, in the order in which the scripts write them. */
export type RawRecord = readonly [id: string, fields: readonly string[]];

/** Undefined where it is not one that our scripts write. */
export function storedRecordOf([id, fields]: RawRecord): StoredRecord | undefined {
  const place = parsePosition(id);
  const [markName, mark, previousName, previous, bodyName, body] = fields;
  if (place === undefined || markName !== 'm' || previousName !== 'p' || bodyName !== 'b') return undefined;
  if (mark === undefined || previous === undefined || body === undefined) return undefined;
  return { place, mark, previous, body };
}

/** A record as the scripts take it: its id and its mark. */
export function recordRefArguments({ place, mark }: RecordRef): readonly [string, string] {
  return [positionId(place), mark];
}
