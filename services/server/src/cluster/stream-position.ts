/** The positions of records in the stream of a shard. */

/**
 * The position of a record: the Redis id `<epoch>-<seq>`. Within an epoch of the stream, seq counts without gaps from 0. Record 0 begins
 * the epoch.
 */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

/** Returns the Redis id of a position. */
export function formatPosition(position: Position): string {
  return `${position.epoch}-${position.seq}`;
}

/** Parses a Redis id. Returns undefined if rankd does not write such an id. */
export function parsePosition(id: string): Position | undefined {
  const [, epoch, seq] = (/^(\d{1,15})-(\d{1,15})$/.exec(id) ?? []).map(Number);
  return epoch === undefined || seq === undefined ? undefined : { epoch, seq };
}

/** Whether `one` is before `other` in the order of the stream. */
export function isBefore(one: Position, other: Position): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.seq < other.seq);
}

/**
 * Whether the record at `position` may directly follow the one at `last`. It has the next seq, or it is the first record of a later
 * epoch. In the second case, only the mark `previous` of the record shows whether another epoch is between them.
 */
export function mayFollow(position: Position, last: Position): boolean {
  if (position.epoch === last.epoch) return position.seq === last.seq + 1;
  return position.epoch > last.epoch && position.seq === 0;
}
