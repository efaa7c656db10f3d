/** The ids of members, and their default names. */

import type { MemberId } from '../../core/index.js';

/** Returns a new member id: `m` and 64 random bits in hexadecimal. It is short enough to type. */
export function createMemberId(randomBytes: (count: number) => Buffer): MemberId {
  return `m${randomBytes(8).toString('hex')}`;
}

/** Returns the name of a member whose hello contains none (R-JOIN-1). It is short, because each of the member's commands contains it. */
export function defaultName(id: MemberId): string {
  return id.slice(0, 6);
}
