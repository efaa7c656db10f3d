/** Where a record stands: Redis id `<epoch>-<seq>`; seq is dense within an epoch, from 0 (the record that began the epoch). */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

export function positionId(place: Position): string {
  return `${place.epoch}-${place.seq}`;
}

/** Undefined where Redis shows an id that no server of ours has written. */
export function parsePosition(id: string): Position | undefined {
  const [, epoch, seq] = (/^(\d{1,15})-(\d{1,15})$/.exec(id) ?? []).map(Number);
  return epoch === undefined || seq === undefined ? undefined : { epoch, seq };
}

export function isBefore(one: Position, other: Position): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.seq < other.seq);
}

/** Whether nothing can stand between them, so far as numbers tell: whether an epoch lies between, only the record knows. */
export function isNext(place: Position, last: Position): boolean {
  if (place.epoch === last.epoch) return place.seq === last.seq + 1;
  return place.epoch > last.epoch && place.seq === 0;
}
