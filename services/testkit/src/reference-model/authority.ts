/** A second implementation of which members a command reaches. Tests compare the core with it. */

/** A member of the roster, with the fields that a target and the authority depend on. */
export interface ReferenceRecipient {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether the member has no session now. */
  readonly isAway: boolean;
}

/** The target of a command. */
export type ReferenceTarget =
  | { readonly kind: 'below' | 'all' }
  | { readonly kind: 'ranks'; readonly ranks: readonly number[] }
  | { readonly kind: 'members'; readonly members: readonly string[] }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> };

/**
 * Which targeted ranks execute a command, and which are refused and why, both sorted by rank. `unmatched` are the elements of the target's
 * list that match no member, each once.
 */
export interface ReferenceAuthority {
  readonly allowed: readonly number[];
  readonly refused: readonly { readonly rank: number; readonly code: 'OUTRANKED' | 'AWAY' }[];
  readonly unmatched: readonly (number | string)[];
}

/**
 * Returns which targeted members execute a command, and which are refused (R-CMD-1, R-CMD-2). The targets `below` and `tags` select only
 * subordinates, `all` selects every other member. A targeted member is refused if it is not a subordinate of the sender, or if it is away.
 * @param roster the members by rank
 * @param senderRank the rank of the sender; -1 is an administrator
 */
export function referenceAuthority(
  target: ReferenceTarget,
  senderRank: number,
  roster: readonly ReferenceRecipient[],
): ReferenceAuthority {
  const allowed: number[] = [];
  const refused: { rank: number; code: 'OUTRANKED' | 'AWAY' }[] = [];
  roster.forEach((member, rank) => {
    if (!isTargeted(target, senderRank, member, rank)) return;
    if (rank <= senderRank) refused.push({ rank, code: 'OUTRANKED' });
    else if (member.isAway) refused.push({ rank, code: 'AWAY' });
    else allowed.push(rank);
  });
  return { allowed, refused, unmatched: unmatchedIn(target, roster) };
}

function unmatchedIn(target: ReferenceTarget, roster: readonly ReferenceRecipient[]): (number | string)[] {
  const isFree = (value: number | string): boolean =>
    !roster.some(({ id, name }, rank) => {
      if (target.kind === 'ranks') return rank === value;
      return target.kind === 'members' ? id === value : name === value;
    });
  const once = (list: readonly (number | string)[]): (number | string)[] =>
    list.filter((value, index) => list.indexOf(value) === index && isFree(value));
  switch (target.kind) {
    case 'ranks':
      return once(target.ranks);
    case 'members':
      return once(target.members);
    case 'names':
      return once(target.names);
    default:
      return [];
  }
}

function isTargeted(target: ReferenceTarget, senderRank: number, member: ReferenceRecipient, rank: number): boolean {
  switch (target.kind) {
    case 'below':
      return rank > senderRank;
    case 'all':
      return rank !== senderRank;
    case 'ranks':
      return target.ranks.includes(rank);
    case 'members':
      return target.members.includes(member.id);
    case 'names':
      return target.names.includes(member.name);
    case 'tags':
      return rank > senderRank && Object.entries(target.tags).every(([key, value]) => member.tags[key] === value);
  }
}
