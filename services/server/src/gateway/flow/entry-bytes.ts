/** The memory that an entry needs while it waits for the log. */

import type { Entry, Target } from '../../core/index.js';

/** About how much an entry needs as an object and as text, without its payload and lists. */
const ENTRY_BYTES = 512;
/** About how much one element of a list of ranks needs. */
const RANK_BYTES = 8;

/** Returns about how many bytes an entry needs. Texts that a client chooses count with their length. */
export function entryBytes(entry: Entry): number {
  switch (entry.kind) {
    case 'command':
      return ENTRY_BYTES + (entry.payload?.length ?? 0) + targetBytes(entry.target);
    case 'result':
      return ENTRY_BYTES + (entry.payload?.length ?? 0) + textBytes(Object.values(entry.error ?? {}));
    case 'joined':
      return ENTRY_BYTES + textBytes(Object.entries(entry.newcomer.tags).flat());
    default:
      return ENTRY_BYTES;
  }
}

function targetBytes(target: Target): number {
  switch (target.kind) {
    case 'ranks':
      return RANK_BYTES * target.ranks.length;
    case 'members':
      return textBytes(target.members);
    case 'names':
      return textBytes(target.names);
    case 'tags':
      return textBytes(Object.entries(target.tags).flat());
    default:
      return 0;
  }
}

function textBytes(texts: readonly unknown[]): number {
  return texts.reduce<number>((sum, text) => sum + RANK_BYTES + String(text).length, 0);
}
