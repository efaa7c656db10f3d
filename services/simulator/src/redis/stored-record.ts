/** A record of a stream as Redis keeps it and answers it. */
export type StoredRecord = readonly [id: string, fields: readonly string[]];

/** The two numbers of an id. */
export function partsOf(id: string): readonly [epoch: number, seq: number] {
  const [epoch = 0, seq = 0] = id.split('-').map(Number);
  return [epoch, seq];
}

/** Less than 0 where `id` stands before `other`. */
export function compareIds(id: string, other: string): number {
  const [epoch, seq] = partsOf(id);
  const [otherEpoch, otherSeq] = partsOf(other);
  return epoch - otherEpoch || seq - otherSeq;
}

/** The value of a field, by its name: `m`, `p` or `b`. */
export function fieldOf([, fields]: StoredRecord, name: string): string | undefined {
  const at = fields.indexOf(name);
  return at === -1 || at % 2 === 1 ? undefined : fields[at + 1];
}
