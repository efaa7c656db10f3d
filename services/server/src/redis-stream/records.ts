/** Parses the records in a reply of Redis, and formats record references for the scripts. */

import type { RecordRef } from '../cluster/stream-port.js';
import { formatPosition, parsePosition } from '../cluster/stream-position.js';

/** A record as Redis stores it. `previous` is the mark of the record before it, so the records form a chain. */
export interface StoredRecord extends RecordRef {
  readonly previous: string;
  readonly body: string;
}

/** One record in a reply of Redis: its id, and its fields in the order in which the scripts write them. */
export type RawRecord = readonly [id: string, fields: readonly string[]];

/** Parses a record in a reply of Redis. Returns undefined if it does not have the format that the scripts write. */
export function parseStoredRecord([id, fields]: RawRecord): StoredRecord | undefined {
  const position = parsePosition(id);
  const [markName, mark, previousName, previous, bodyName, body] = fields;
  if (position === undefined || markName !== 'm' || previousName !== 'p' || bodyName !== 'b') return undefined;
  if (mark === undefined || previous === undefined || body === undefined) return undefined;
  return { position, mark, previous, body };
}

/** Returns the arguments with which a script identifies a record: its id and its mark. */
export function recordRefArguments({ position, mark }: RecordRef): readonly [string, string] {
  return [formatPosition(position), mark];
}
