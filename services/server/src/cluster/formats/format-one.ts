/** Format 1, which release 0.1 reads and writes. This format writes entries of later formats in an older form. */

import type { TSchema } from '@sinclair/typebox';
import type { CoordinatorSnapshot, GroupSnapshot } from '../../core/index.js';
import { type DecodedEntry, entryDecoder, entryEncoder } from './entry-decoder.js';
import { compileEntryChecks, entrySchemas, type LogEntry } from './entry-schemas.js';
import type { LogFormat } from './log-format.js';

/** The fields that entries have since format 2. Format 1 neither writes nor reads them, so that all servers decide as release 0.1 does. */
const laterFields: { readonly [Kind in LogEntry['kind']]?: readonly string[] } = {
  joined: ['epochHeld'],
  departed: ['mayActMs'],
  'grace-ended': ['absence', 'ms'],
  stopped: ['evidence'],
  command: ['afterHelloMs'],
};

/** The kinds of entries since format 2. A server appends none of them to a shard in format 1: see `featuresOfFormat` and `FlowAnnouncements`. */
const laterKinds: ReadonlySet<string> = new Set<LogEntry['kind']>(['resigned', 'server-flow']);

const decodeChecked = entryDecoder(
  compileEntryChecks(
    Object.entries(entrySchemas)
      .filter(([kind]) => !laterKinds.has(kind))
      .map(([kind, fields]) => [kind, omitLaterFields<TSchema>(kind as LogEntry['kind'], fields)]),
  ),
);

/** The first format. Servers that announce no format read and write this one. */
export const formatOne: LogFormat = {
  version: 1,
  encodeEntry: entryEncoder(decodeOlderForm),
  decodeEntry: decodeOlderForm,
  encodeGroups: encodeOlderGroups,
  decodeGroups: decodeOlderGroups,
};

/** The fields that snapshots have since format 2. In format 1, the wall times of entries measure durations. */
type LaterSnapshotFields = 'timekeeper' | 'startLast' | 'absences' | 'epochClaims';
type OlderGroup = Omit<GroupSnapshot, LaterSnapshotFields> & {
  readonly absences?: undefined;
  readonly epochClaims?: undefined;
};
interface OlderGroups extends Omit<CoordinatorSnapshot, LaterSnapshotFields | 'groups'> {
  readonly timekeeper?: undefined;
  readonly startLast?: undefined;
  readonly groups: readonly OlderGroup[];
}

function encodeOlderGroups(snapshot: CoordinatorSnapshot): OlderGroups {
  const groups = snapshot.groups.map(group => ({ ...group, absences: undefined, epochClaims: undefined }));
  return { ...snapshot, timekeeper: undefined, startLast: undefined, groups };
}

function decodeOlderGroups(value: unknown): CoordinatorSnapshot {
  const { groups, ...rest } = value as OlderGroups;
  const loaded = groups.map((group): GroupSnapshot => ({ ...group, absences: 0, epochClaims: 'open' }));
  return { ...rest, timekeeper: 'entries', startLast: 0, groups: loaded };
}

function decodeOlderForm(value: unknown): DecodedEntry {
  const decoded = decodeChecked(value);
  return decoded.kind === 'entry' ? { kind: 'entry', entry: olderForm(decoded.entry) } : decoded;
}

/** Returns the entry without the fields that format 1 does not have. */
export function olderForm(entry: LogEntry): LogEntry {
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
