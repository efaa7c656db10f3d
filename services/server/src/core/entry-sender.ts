/** The client that an entry comes from. Servers use this to share the log fairly. */

import type { Entry } from './entries.js';
import type { SessionId } from './roster/member.js';

/** The kinds of entries that clients cause by their frames. A server proposes the others by itself. */
const clientKinds: ReadonlySet<Entry['kind']> = new Set([
  'joined',
  'confirmed',
  'command',
  'result',
  'moved',
  'removed',
  'resigned',
]);

/** Whether a frame of a client causes an entry of this kind. */
export function isFromClient({ kind }: Entry): boolean {
  return clientKinds.has(kind);
}

/** Returns the session whose frame or end caused this entry. Undefined for other entries. */
export function sessionOfEntry(entry: Entry): SessionId | undefined {
  switch (entry.kind) {
    case 'joined':
      return entry.newcomer.session;
    case 'command':
      return entry.from.session;
    case 'moved':
    case 'removed':
      return entry.by.session;
    default:
      return 'session' in entry ? entry.session : undefined;
  }
}

/**
 * Returns a key for the sender of this entry: the id of the member that the entry is about, or the id of its session if there is no member.
 * The entries of one key keep their order in the log. A member that resumes its seat has the same key. Returns undefined if the entry is
 * not about a single member or session.
 */
export function senderOfEntry(entry: Entry): string | undefined {
  if (entry.kind === 'joined') return entry.resume?.member ?? entry.newcomer.id;
  if (entry.kind === 'command' && entry.from.kind === 'member') return entry.from.member;
  if (entry.kind === 'moved' || entry.kind === 'removed') return entry.by.session;
  return 'member' in entry ? entry.member : sessionOfEntry(entry);
}
