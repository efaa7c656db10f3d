/** A record of a stream, as Redis stores and returns it. */
export type StoredRecord = readonly [id: string, fields: readonly string[]];

/** Returns the two numbers of a record's id. */
export function parseId(id: string): readonly [epoch: number, seq: number] {
  const [epoch = 0, seq = 0] = id.split('-').map(Number);
  return [epoch, seq];
}

/** Compares two ids: negative if `id` is before `other`. */
export function compareIds(id: string, other: string): number {
  const [epoch, seq] = parseId(id);
  const [otherEpoch, otherSeq] = parseId(other);
  return epoch - otherEpoch || seq - otherSeq;
}

/** Returns the value of the field `m`, `p` or `b`. */
export function readRecordField([, fields]: StoredRecord, name: string): string | undefined {
  const at = fields.indexOf(name);
  return at === -1 || at % 2 === 1 ? undefined : fields[at + 1];
}
