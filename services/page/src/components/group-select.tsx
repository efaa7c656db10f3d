/** The selection of a group. */

import type { JSX } from 'preact';
import type { GroupSummary } from '@rankd/protocol';
import { formatCount } from '../model/format.js';

interface GroupSelectProps {
  readonly group: string;
  readonly groups: readonly GroupSummary[];
  readonly choose: (group: string) => void;
}

/** Selects the group that the page shows. */
export function GroupSelect({ group, groups, choose }: GroupSelectProps): JSX.Element {
  const isListed = groups.some(each => each.group === group);
  return (
    <label class="group-choice">
      <span class="label">group</span>
      <select aria-label="group" value={group} onChange={event => choose(event.currentTarget.value)}>
        {isListed ? null : <option value={group}>{group}</option>}
        {groups.map(each => (
          <option key={each.group} value={each.group}>
            {each.group} ({formatCount(each.size, 'member')})
          </option>
        ))}
      </select>
      <span class="chosen" aria-hidden="true" title={group}>
        {group}
      </span>
    </label>
  );
}
