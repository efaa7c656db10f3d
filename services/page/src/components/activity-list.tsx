/** The list of events. */

import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { ActivityLine } from './activity-line.js';
import type { Activity, ActivityLog } from '../model/activity-log.js';
import { selectActivities, type ActivityKind } from '../model/activity-selection.js';

const kinds: readonly ActivityKind[] = ['all', 'ranks', 'commands'];

/** Lists what has happened since the page was opened, newest first. */
export function ActivityList({ activityLog }: { readonly activityLog: ActivityLog }): JSX.Element {
  const [kind, setKind] = useState<ActivityKind>('all');
  const { pinned, others } = selectActivities(activityLog, kind);
  return (
    <section class="activity-log" aria-labelledby="activity-title">
      <div class="section-head">
        <h2 id="activity-title">What happens</h2>
        <fieldset class="sorts">
          <legend class="hidden">Show</legend>
          {kinds.map(each => (
            <label key={each}>
              <input type="radio" name="sort" checked={kind === each} onChange={() => setKind(each)} />
              <span>{each}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <div class="activity-list" role="region" tabIndex={0} aria-label="What happens, newest first">
        {pinned.length + others.length === 0 ? <p class="nothing">Nothing since you opened this page.</p> : null}
        <Lines class="pinned" activities={pinned} />
        <Lines activities={others} />
      </div>
    </section>
  );
}

function Lines({
  activities,
  class: name = '',
}: {
  readonly activities: readonly Activity[];
  readonly class?: string;
}): JSX.Element | null {
  if (activities.length === 0) return null;
  return (
    <ol class={name}>
      {activities.map(activity => (
        <ActivityLine key={activity.number} activity={activity} />
      ))}
    </ol>
  );
}
