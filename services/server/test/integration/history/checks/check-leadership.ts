import type { History } from '../history.js';

/** R-LEAD-1: after an act with a fencing token, no member starts to act with an older one. */
export function checkLeadership({ recordings }: History): string[] {
  const acts = recordings.filter(each => each.kind === 'acted');
  acts.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0));
  const complaints: string[] = [];
  let latest = acts[0];
  for (const act of acts) {
    if (latest === undefined) break;
    const { epoch, view } = act.fence;
    const isOlder = epoch < latest.fence.epoch || (epoch === latest.fence.epoch && view < latest.fence.view);
    const isShared = act.who !== latest.who && epoch === latest.fence.epoch && view === latest.fence.view;
    if (isOlder || isShared) {
      complaints.push(
        `leadership: ${act.who} acted with ${epoch}/${view} after ${latest.who} had acted with a newer one`,
      );
    } else latest = act;
  }
  return complaints;
}
