/** Finds members in a large roster. */

import { printable } from '@rankd/protocol/printable';
import type { Member } from './roster-model.js';

/** A member with its rank. */
export interface RankedMember {
  readonly member: Member;
  readonly rank: number;
}

/** The page shows the filter for at least this many members. */
export const FILTER_MEMBERS_MIN = 20;
/** The longest filter text, characters. No name, id or tag is longer. */
export const FILTER_CHARS_MAX = 256;

/**
 * Returns the members whose name, id or tags contain the text, by rank. A tag is compared as `key=value` and as `key value`, which the page
 * shows. Case is ignored, and so is white space around the text.
 */
export function filterMembers(members: readonly Member[], text: string): readonly RankedMember[] {
  const wanted = text.trim().toLowerCase();
  const ranked = members.map((member, rank) => ({ member, rank }));
  return wanted === '' ? ranked : ranked.filter(({ member }) => textsOf(member).some(each => each.includes(wanted)));
}

function textsOf({ name, member, tags }: Member): string[] {
  const pairs = Object.entries(tags).map(([key, value]) => [printable(key), printable(value)]);
  return [name, member, ...pairs.flatMap(pair => [pair.join('='), pair.join(' ')])].map(each => each.toLowerCase());
}
