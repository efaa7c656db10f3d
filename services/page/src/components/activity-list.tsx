/** The list of events. */

import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { ActivityLine } from './activity-line.js';
import { ACTIVITIES_MAX, type ActivityLog } from '../model/activity-log.js';

const sorts = ['all', 'ranks', 'commands'] as const;
type Sort = (typeof sorts)[number];

/** Lists what has happened since the page was opened, newest first. */
export function ActivityList({ activityLog }: { readonly activityLog: ActivityLog }): JSX.Element {
  const [sort, setSort] = useState<Sort>('all');
  const shown = select(activityLog, sort);
  return (
    <section class="activity-log" aria-labelledby="activity-title">
      <div class="section-head">
        <h2 id="activity-title">What happens</h2>
        <fieldset class="sorts">
          <legend class="hidden">Show</legend>
          {sorts.map(each => (
            <label key={each}>
              <input type="radio" name="sort" checked={sort === each} onChange={() => setSort(each)} />
              <span>{each}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <ol class="activity-list" tabIndex={0} aria-label="What happens, newest first">
        {shown.length === 0 ? <li class="nothing">Nothing since you opened this page.</li> : null}
        {shown.map(activity => (
          <ActivityLine key={activity.number} activity={activity} />
        ))}
      </ol>
    </section>
  );
}

function select(
  { ranks, commands }: ActivityLog,
  sort: Sort,
): readonly (ActivityLog['ranks'] | ActivityLog['commands'])[number][] {
  if (sort === 'ranks') return ranks;
  if (sort === 'commands') return commands;
  return [...ranks, ...commands].toSorted((one, other) => other.number - one.number).slice(0, ACTIVITIES_MAX);
}
