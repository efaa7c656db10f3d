/** Format 2, which is not released yet. CONTRIBUTING.md says how an entry gets into it. */

import type { CoordinatorSnapshot } from '../../core/index.js';
import { entryDecoder } from './entry-decoder.js';
import { compileEntryChecks, entrySchemas } from './entry-schemas.js';
import type { LogFormat } from './log-format.js';

/** The second format. Its entries and snapshots have the fields of the core. */
export const formatTwo: LogFormat = {
  version: 2,
  encodeEntry: entry => JSON.stringify(entry),
  decodeEntry: entryDecoder(compileEntryChecks(Object.entries(entrySchemas))),
  encodeGroups: groups => groups,
  decodeGroups: value => value as CoordinatorSnapshot,
};
