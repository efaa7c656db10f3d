import type { CommandEntry, Group, Target } from '@rankd/server/dist/core/index.js';

/** I4: who of the members in `order` may execute a command: those aimed at, below the sender, who are there (R-CMD-2). */
export function mayExecute(
  { from, target }: CommandEntry,
  order: readonly string[],
  away: ReadonlySet<string>,
  group: Group,
): readonly string[] {
  const senderRank = from.kind === 'admin' ? -1 : order.indexOf(from.member);
  return order.filter(
    (member, rank) => rank > senderRank && !away.has(member) && isAimedAt(target, member, rank, group),
  );
}

function isAimedAt(target: Target, member: string, rank: number, { roster }: Group): boolean {
  switch (target.kind) {
    case 'below':
    case 'all':
      return true;
    case 'ranks':
      return target.ranks.includes(rank);
    case 'members':
      return target.members.includes(member);
    case 'names':
      return target.names.includes(roster.member(member)?.name ?? '');
    case 'tags':
      return Object.entries(target.tags).every(([key, value]) => roster.member(member)?.tags[key] === value);
  }
}
