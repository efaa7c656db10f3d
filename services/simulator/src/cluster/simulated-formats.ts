/** The formats of the servers of a simulated cluster: those of this version, and one that only the simulator has. */

import type { LogEntry } from 'rankd/dist/cluster/formats/entry-schemas.js';
import { type DecodedEntry, formatOne, type LogFormat, LogFormats } from 'rankd/dist/cluster/formats/log-format.js';

/** Few, so that a simulation raises the format while old servers still come and go. */
const STEADY_BEATS = 3;

/** A format of the simulator: the kind of each entry ends with `/2`, so that a server that knows format 1 only cannot read any. */
const formatTwo: LogFormat = {
  ...formatOne,
  version: 2,
  encodeEntry: entry => JSON.stringify({ ...entry, kind: `${entry.kind}/2` }),
  decodeEntry: decodeEntryOfTwo,
  encodeGroups: groups => ({ two: groups }),
  decodeGroups: value => formatOne.decodeGroups((value as { readonly two: unknown }).two),
};

/** What servers of two versions read. The records of the older version are readable for both. */
export const simulatedFormats = {
  old: new LogFormats([formatOne], STEADY_BEATS),
  new: new LogFormats([formatOne, formatTwo], STEADY_BEATS),
};

/** Fault: what a server reads that applies an entry of an unknown format as one without an effect, instead of waiting. */
export class SkippingFormats extends LogFormats {
  constructor() {
    super([formatOne], STEADY_BEATS);
  }

  override find(version: unknown): LogFormat | undefined {
    return super.find(version) ?? { ...formatTwo, decodeEntry: () => ({ kind: 'entry', entry: noEffect }) };
  }
}

const noEffect: LogEntry = { kind: 'server-beat', at: 0, applied: '' };

function decodeEntryOfTwo(value: unknown): DecodedEntry {
  const { kind, ...fields } = value as { readonly kind: string };
  if (!kind.endsWith('/2')) return { kind: 'unreadable', reason: `the kind ${kind} is not of format 2` };
  return formatOne.decodeEntry({ kind: kind.slice(0, -2), ...fields });
}
