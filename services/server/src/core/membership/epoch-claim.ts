/**
 * R-JOIN-1: a hello may name the epoch that its client has held. That epoch is larger than the group's epoch if the store has lost records.
 */

import type { JoinedEntry } from '../entries.js';
import type { Group } from '../group.js';
import type { Member } from '../roster/member.js';

/** Whether `group` may begin another epoch because of a hello. `used`: it has done so since the last start of a server. */
export type EpochClaims = 'open' | 'used';

/**
 * Returns an epoch that a client has held, if the server believes it, or 0. The proposing server added its wall time to the entry. No epoch
 * is above that time, unless a clock was set back.
 */
export function credibleEpoch({ epochHeld = 0, at }: JoinedEntry): number {
  return epochHeld <= at ? epochHeld : 0;
}

/**
 * Whether the group begins an epoch above the one that the client has held. It does so at most once after each start of a server, and only
 * if no member has a session: members of this epoch would lose their sessions and their open commands.
 */
export function raisesEpoch(entry: JoinedEntry, { epoch, epochClaims, isFrozen, roster }: Group): boolean {
  if (credibleEpoch(entry) <= epoch || epochClaims === 'used' || isFrozen) return false;
  return roster.away.size === roster.size && roster.slice().every(isRestored);
}

/** Whether the member is away because its server has ended. A member that is away for another reason may have used the present epoch. */
function isRestored({ presence }: Member): boolean {
  return presence.kind === 'away' && (presence.because === 'restart' || presence.because === 'server');
}
