/** What the page knows about a group, computed from the event stream. */

import { ActivityLogDraft, emptyActivityLog, type ActivityLog } from './activity-log.js';
import { nextActivitySamples, type ActivitySamples } from './activity-samples.js';
import { emptyRoster, RosterDraft, rosterOf, type Roster } from './roster-model.js';
import type { StreamEvent } from './stream-event.js';

/** What the page knows about a group. */
export interface GroupModel {
  readonly roster: Roster;
  readonly activity: ActivityLog;
  readonly pulse: ActivitySamples | undefined;
}

/** The model before the first event. */
export const unknownGroup: GroupModel = { roster: emptyRoster, activity: emptyActivityLog, pulse: undefined };

/** Returns the model after these events, in order. Returns undefined if a change is missing. The page then needs a new roster. */
export function applyEvents(model: GroupModel, events: readonly StreamEvent[], nowMs: number): GroupModel | undefined {
  let { pulse } = model;
  let roster = new RosterDraft(model.roster);
  const activityLog = new ActivityLogDraft(model.activity);
  // A roster replaces all earlier events, including those of an earlier stream.
  const first = events.findLastIndex(({ event }) => event === 'roster');
  for (const event of events.slice(Math.max(first, 0))) {
    switch (event.event) {
      case 'roster':
        roster = new RosterDraft(rosterOf(event));
        pulse = undefined;
        break;
      case 'view': {
        const [led] = roster.members;
        const verdict = roster.apply(event);
        if (verdict === 'out of step') return undefined;
        if (verdict === 'applied') activityLog.view(event, roster.members, led);
        break;
      }
      case 'command':
        activityLog.command(event, nowMs + (pulse?.aheadMs ?? 0));
        break;
      case 'refused':
        activityLog.refused(event, nowMs + (pulse?.aheadMs ?? 0));
        break;
      case 'outcome':
        activityLog.outcome(event);
        break;
      case 'pulse':
        pulse = nextActivitySamples(pulse, event, nowMs);
        break;
      default:
        event satisfies never;
    }
  }
  return { roster: roster.finish(), activity: activityLog.finish(), pulse };
}
