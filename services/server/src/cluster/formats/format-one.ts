/** Format 1, which release 0.1 reads and writes. An entry of a later format has an older form here. */

import type { TSchema } from '@sinclair/typebox';
import type { CoordinatorSnapshot } from '../../core/index.js';
import { type DecodedEntry, entryDecoder } from './entry-decoder.js';
import { compileEntryChecks, entrySchemas, type LogEntry } from './entry-schemas.js';
import type { LogFormat } from './log-format.js';

/** The fields that entries have since format 2. Format 1 neither writes nor reads them, so that servers of release 0.1 judge alike. */
const laterFields: { readonly [Kind in LogEntry['kind']]?: readonly string[] } = {
  departed: ['mayActMs'],
  stopped: ['evidence'],
};

const decodeChecked = entryDecoder(
  compileEntryChecks(
    Object.entries(entrySchemas).map(([kind, fields]) => [
      kind,
      omitLaterFields<TSchema>(kind as LogEntry['kind'], fields),
    ]),
  ),
);

/** The first format. Servers that announce no format read and write this one. */
export const formatOne: LogFormat = {
  version: 1,
  encodeEntry: entry => JSON.stringify(olderForm(entry)),
  decodeEntry: decodeOlderForm,
  encodeGroups: groups => groups,
  decodeGroups: value => value as CoordinatorSnapshot,
};

function decodeOlderForm(value: unknown): DecodedEntry {
  const decoded = decodeChecked(value);
  return decoded.kind === 'entry' ? { kind: 'entry', entry: olderForm(decoded.entry) } : decoded;
}

/** Returns the entry as format 1 has it. */
function olderForm(entry: LogEntry): LogEntry {
  if (laterFields[entry.kind] === undefined) return entry;
  return omitLaterFields<unknown>(entry.kind, { ...entry }) as unknown as LogEntry;
}

function omitLaterFields<Value>(
  kind: LogEntry['kind'],
  fields: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const later = laterFields[kind] ?? [];
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !later.includes(field)));
}
