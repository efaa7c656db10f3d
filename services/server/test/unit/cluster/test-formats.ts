import { formatOne, type LogFormat, LogFormats } from '../../../src/cluster/formats/log-format.js';
import type { Entry } from '../../../src/core/index.js';

/** A format that only tests have: it writes the kind of an entry in capitals, so that a server of format 1 can read none. */
export const formatTwo: LogFormat = {
  ...formatOne,
  version: 2,
  encodeEntry: entry => JSON.stringify({ ...entry, kind: entry.kind.toUpperCase() }),
  decodeEntry: value =>
    formatOne.decodeEntry({ ...(value as Entry), kind: (value as { kind: string }).kind.toLowerCase() }),
  encodeGroups: groups => [groups],
  decodeGroups: value => formatOne.decodeGroups((value as unknown[])[0]),
};

/** The formats of a later version, which raises the format after `steadyBeats` heartbeats. */
export const laterFormats = (steadyBeats: number): LogFormats => new LogFormats([formatOne, formatTwo], steadyBeats);
