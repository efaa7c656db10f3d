/** The formats of the servers of a simulated cluster: those of release 0.1, and those of this version. */

import type { LogEntry } from 'rankd/dist/cluster/formats/entry-schemas.js';
import { formatOne } from 'rankd/dist/cluster/formats/format-one.js';
import { formatTwo } from 'rankd/dist/cluster/formats/format-two.js';
import { type LogFormat, LogFormats } from 'rankd/dist/cluster/formats/log-format.js';

/** A small number, so that a simulation raises the format while old servers still come and go. */
const STEADY_BEATS = 3;

/** What servers of two versions read. The records of the older version are readable for both. */
export const simulatedFormats = {
  old: new LogFormats([formatOne], STEADY_BEATS),
  new: new LogFormats([formatOne, formatTwo], STEADY_BEATS),
};

/** Fault: the formats of a server that ignores an entry of an unknown format instead of waiting. */
export class SkippingFormats extends LogFormats {
  constructor() {
    super([formatOne], STEADY_BEATS);
  }

  override find(version: unknown): LogFormat | undefined {
    return super.find(version) ?? { ...formatTwo, decodeEntry: () => ({ kind: 'entry', entry: noEffect }) };
  }
}

const noEffect: LogEntry = { kind: 'server-beat', at: 0, applied: '' };
