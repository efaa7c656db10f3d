/**
 * The position of a record: the Redis id `<epoch>-<seq>`. Within an epoch, seq counts without gaps from 0, the record that began the
 * epoch.
 */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

/** Returns the Redis id of a position. */
export function formatPosition(position: Position): string {
  return `${position.epoch}-${position.seq}`;
}

/** Parses a Redis id. Returns undefined if it is not an id that a server of rankd writes. */
export function parsePosition(id: string): Position | undefined {
  const [, epoch, seq] = (/^(\d{1,15})-(\d{1,15})$/.exec(id) ?? []).map(Number);
  return epoch === undefined || seq === undefined ? undefined : { epoch, seq };
}

/** Whether `one` is before `other` in the order of the stream. */
export function isBefore(one: Position, other: Position): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.seq < other.seq);
}

/**
 * Whether the record at `position` may directly follow the one at `last`: by the next seq, or as the first record of a later epoch.
 * For a later epoch, only the record's `previous` mark shows whether another epoch lies between.
 */
export function mayFollow(position: Position, last: Position): boolean {
  if (position.epoch === last.epoch) return position.seq === last.seq + 1;
  return position.epoch > last.epoch && position.seq === 0;
}
