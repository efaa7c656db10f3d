/** What `rankctl wait` waits for. */

import type { Roster } from '@rankd/client/observer';
import { assertNever } from '@rankd/protocol';
import { UsageError } from '../errors.js';
import { parseInteger } from '../parse-integer.js';

/** The options of `wait`. Exactly one of them must be given. */
export interface WaitConditionOptions {
  readonly members?: string;
  readonly leader?: boolean;
  readonly rank?: string;
  readonly gone?: string;
}

/** A condition of a group. Members that are away count for `gone` only. */
export type WaitCondition =
  | { readonly kind: 'members'; readonly count: number }
  /** A member with this rank is present. */
  | { readonly kind: 'rank'; readonly rank: number }
  /** No member has this id or name. */
  | { readonly kind: 'gone'; readonly member: string };

/**
 * Parses the options of `wait`.
 * @throws UsageError
 */
export function parseWaitCondition({ members, leader, rank, gone }: WaitConditionOptions): WaitCondition {
  const given = [members, leader === true ? leader : undefined, rank, gone].filter(option => option !== undefined);
  if (given.length !== 1) throw new UsageError('give exactly one of --members, --leader, --rank and --gone');
  if (members !== undefined) return { kind: 'members', count: parseInteger('--members', members, 0) };
  if (rank !== undefined) return { kind: 'rank', rank: parseInteger('--rank', rank, 0) };
  if (gone === undefined) return { kind: 'rank', rank: 0 };
  if (gone === '') throw new UsageError('--gone must be the id or the name of a member, not ""');
  return { kind: 'gone', member: gone };
}

/** Whether a condition holds, and the state of the group in words. */
export interface WaitVerdict {
  readonly holds: boolean;
  readonly words: string;
}

/** Judges a roster. */
export function judgeRoster(condition: WaitCondition, { group, members }: Roster): WaitVerdict {
  switch (condition.kind) {
    case 'members': {
      const present = members.filter(({ state }) => state === 'present').length;
      const holds = present >= condition.count;
      return {
        holds,
        words: holds
          ? `group ${group} has ${present} ${present === 1 ? 'member' : 'members'}`
          : `${present} of ${condition.count} members are present`,
      };
    }
    case 'rank':
      return judgeRank(condition.rank, { group, members });
    case 'gone': {
      const found = members.find(({ member, name }) => member === condition.member || name === condition.member);
      if (found === undefined) return { holds: true, words: `group ${group} has no member ${condition.member}` };
      const state = found.state === 'away' ? 'is away, and still a member' : `still has rank ${found.rank}`;
      return { holds: false, words: `${condition.member} ${state}` };
    }
    default:
      return assertNever(condition);
  }
}

function judgeRank(rank: number, { group, members }: Pick<Roster, 'group' | 'members'>): WaitVerdict {
  const holder = members.find(member => member.rank === rank);
  if (holder?.state === 'present') {
    return {
      holds: true,
      words: rank === 0 ? `${holder.name} leads group ${group}` : `${holder.name} has rank ${rank}`,
    };
  }
  const missing = rank === 0 ? `group ${group} has no leader` : `group ${group} has no member with rank ${rank}`;
  return { holds: false, words: holder === undefined ? missing : `${holder.name} (rank ${rank}) is away` };
}
