/** The fields of a member that its program can see. */

import type { Membership } from '@rankd/client';

/** The names of the placeholders in a line, and of the fields that they stand for. */
export const placeholderNames = ['rank', 'size', 'slot', 'name', 'member', 'group', 'leader', 'fence'] as const;
/** The name of a placeholder. */
export type PlaceholderName = (typeof placeholderNames)[number];

/** The fields whose changes `run` can watch. */
export const watchableFields = ['rank', 'size', 'slot', 'leader'] as const;
/** The name of a field whose changes `run` can watch. */
export type WatchableField = (typeof watchableFields)[number];

/** The fields of a member, as text. A field without a value is empty. */
export type MemberFields = Readonly<Record<PlaceholderName, string>>;

/** The parts of a membership that have fields for a program. */
export type FieldSource = Pick<Membership, 'rank' | 'size' | 'slot' | 'name' | 'member' | 'group' | 'leader' | 'fence'>;

/** Returns the fields of a member at this moment. */
export function readMemberFields({ rank, size, slot, name, member, group, leader, fence }: FieldSource): MemberFields {
  return {
    rank: text(rank),
    size: text(size),
    slot: text(slot),
    name: text(name),
    member: text(member),
    group: text(group),
    leader: text(leader?.name),
    fence: fence === undefined ? '' : `${fence.epoch}-${fence.view}`,
  };
}

function text(value: string | number | undefined): string {
  return value === undefined ? '' : String(value);
}
