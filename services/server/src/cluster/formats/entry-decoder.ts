/** Encodes and decodes the entries of records. Checks each by the schema of its kind. */

import { InvariantError } from '../../core/index.js';
import type { EntryChecks, LogEntry } from './entry-schemas.js';

/** The result of decoding a value: the entry, or why this server cannot read it. */
export type DecodedEntry =
  { readonly kind: 'entry'; readonly entry: LogEntry } | { readonly kind: 'unreadable'; readonly reason: string };

/** Returns the reason for an unknown kind of record or entry. */
export function unknownKind(kind: unknown): string {
  return `the kind ${typeof kind === 'string' ? JSON.stringify(kind.slice(0, 64)) : typeof kind} is unknown`;
}

/** Returns a decoder that accepts the entries that pass their check. */
export function entryDecoder(checks: EntryChecks): (value: unknown) => DecodedEntry {
  return value => {
    const { kind } = (typeof value === 'object' ? (value ?? {}) : {}) as { readonly kind?: unknown };
    const check = typeof kind === 'string' ? checks.get(kind) : undefined;
    if (check === undefined) {
      return { kind: 'unreadable', reason: unknownKind(kind) };
    }
    if (check.Check(value)) return { kind: 'entry', entry: value as LogEntry };
    // The message names the field and the expected type. It does not contain the value.
    const fault = check.Errors(value).First();
    return { kind: 'unreadable', reason: `${String(kind)}${fault?.path ?? ''}: ${fault?.message ?? 'another form'}` };
  };
}

/**
 * Returns an encoder to JSON text. It rejects an entry that the decoder with the same checks cannot read. Such an entry would block every
 * server of the cluster. With the encoder, only the server that has created the entry stops.
 * @throws InvariantError from the encoder, if an entry has another form.
 */
export function entryEncoder(decode: (value: unknown) => DecodedEntry): (entry: LogEntry) => string {
  return entry => {
    const decoded = decode(entry);
    if (decoded.kind === 'unreadable')
      throw new InvariantError(`this server cannot append an entry: ${decoded.reason}`);
    return JSON.stringify(decoded.entry);
  };
}
