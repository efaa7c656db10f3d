/** Format 2, which is not released yet. CONTRIBUTING.md says how an entry gets into it. */

import type { CoordinatorSnapshot } from '../../core/index.js';
import { entryDecoder, entryEncoder } from './entry-decoder.js';
import { compileEntryChecks, entrySchemas } from './entry-schemas.js';
import type { LogFormat } from './log-format.js';

const decodeEntry = entryDecoder(compileEntryChecks(Object.entries(entrySchemas)));

/** The second format. Its entries and snapshots have the fields of the core. */
export const formatTwo: LogFormat = {
  version: 2,
  encodeEntry: entryEncoder(decodeEntry),
  decodeEntry,
  encodeGroups: groups => groups,
  decodeGroups: value => value as CoordinatorSnapshot,
};
