/** Selects the activities that the page lists. */

import { ACTIVITIES_MAX, type Activity, type ActivityLog } from './activity-log.js';

/** Which activities are listed. */
export type ActivityKind = 'all' | 'ranks' | 'commands';

/** The activities to list, newest first. `pinned` is shown above the others and does not scroll. */
export interface ActivitySelection {
  readonly pinned: readonly Activity[];
  readonly others: readonly Activity[];
}

/** How many of the newest rank changes are pinned. */
const PINNED_MAX = 3;

/** Selects activities. If commands are listed too, the newest rank changes are pinned, so that commands do not displace them. */
export function selectActivities({ ranks, commands }: ActivityLog, kind: ActivityKind): ActivitySelection {
  if (kind === 'ranks') return { pinned: [], others: ranks };
  if (kind === 'commands') return { pinned: [], others: commands };
  const pinned = commands.length === 0 ? [] : pinnedOf(ranks);
  const rest = ranks.filter(activity => !pinned.includes(activity));
  const others = [...rest, ...commands].toSorted((one, other) => other.number - one.number);
  return { pinned, others: others.slice(0, ACTIVITIES_MAX) };
}

/** Returns the newest rank changes, and the newest promotion to the lead if it is older. */
function pinnedOf(ranks: ActivityLog['ranks']): ActivityLog['ranks'] {
  const newest = ranks.slice(0, PINNED_MAX);
  const lead = ranks.find(({ kind, rank }) => kind === 'promoted' && rank === 0);
  return lead === undefined || newest.includes(lead) ? newest : [...newest, lead];
}
