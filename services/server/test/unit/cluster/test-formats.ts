import { type LogFormat, LogFormats, logFormats } from '../../../src/cluster/formats/log-format.js';
import type { Entry } from '../../../src/core/index.js';

const { newest } = logFormats;

/** The next format, which only tests have: it writes the kind of an entry in capitals, so that a present server can read none. */
export const laterFormat: LogFormat = {
  ...newest,
  version: newest.version + 1,
  encodeEntry: entry => JSON.stringify({ ...entry, kind: entry.kind.toUpperCase() }),
  decodeEntry: value =>
    newest.decodeEntry({ ...(value as Entry), kind: (value as { kind: string }).kind.toLowerCase() }),
  encodeGroups: groups => [groups],
  decodeGroups: value => newest.decodeGroups((value as unknown[])[0]),
};

/** The formats of a later version, which raises the format after `steadyBeats` heartbeats. */
export const laterFormats = (steadyBeats: number): LogFormats =>
  new LogFormats([logFormats.of(1), newest, laterFormat], steadyBeats);
