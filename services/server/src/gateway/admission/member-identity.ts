import type { MemberId } from '../../core/index.js';

/** Returns an id that is never used again: 64 random bits, and short enough to be typed. */
export function createMemberId(randomBytes: (count: number) => Buffer): MemberId {
  return `m${randomBytes(8).toString('hex')}`;
}

/** R-JOIN-1: the name of a member that gives none. Short, because it is in each of its commands. */
export function defaultName(id: MemberId): string {
  return id.slice(0, 6);
}
