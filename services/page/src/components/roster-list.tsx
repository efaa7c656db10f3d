/** The roster of the group. */

import { useMemo, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { placeOf, rowTop, rowHeights } from '../model/row-layout.js';
import { RosterFilter } from './roster-filter.js';
import { RosterRow } from './roster-row.js';
import { FILTER_MEMBERS_MIN, filterMembers } from '../model/roster-filter.js';
import type { Roster } from '../model/roster-model.js';
import { useExitAnimation } from '../hooks/use-exit-animation.js';
import { useMedia } from '../hooks/use-media.js';
import { useVisibleRanks } from '../hooks/use-visible-ranks.js';
import { formatCount } from '../model/format.js';

interface RosterListProps {
  readonly group: string;
  readonly roster: Roster;
  readonly nowMs: number;
  /** Whether the roster has arrived. */
  readonly isKnown: boolean;
}

/**
 * Lists the members, the leader first. Each row has an absolute position that depends on its rank, so that it slides when the rank changes.
 * Only visible rows are drawn.
 */
export function RosterList({ group, roster, nowMs, isKnown }: RosterListProps): JSX.Element {
  const [filter, setFilter] = useState('');
  const isFiltered = filter.trim() !== '';
  const heights = rowHeights(useMedia('(max-width: 44rem)') ? 'narrow' : 'wide', isFiltered);
  const list = useRef<HTMLOListElement>(null);
  const { members } = roster;
  const shown = useMemo(() => filterMembers(members, filter), [members, filter]);
  const { from, to } = useVisibleRanks(list, shown.length, heights);
  const departing = useExitAnimation(roster.departures);
  const hasTags = members.some(({ tags }) => Object.keys(tags).length > 0);
  return (
    <section class={hasTags ? 'roster-list' : 'roster-list tagless'} aria-labelledby="roster-title">
      <div class="section-head">
        <h2 id="roster-title">
          {group} <small>{isKnown ? formatCount(members.length, 'member') : ''}</small>
        </h2>
        {members.length >= FILTER_MEMBERS_MIN ? <ActivityJump /> : null}
        {members.length >= FILTER_MEMBERS_MIN || isFiltered ? (
          <RosterFilter text={filter} setText={setFilter} found={shown.length} />
        ) : null}
      </div>
      <div class="columns" aria-hidden="true">
        <span>rank</span>
        <span>name</span>
        {hasTags ? <span>tags</span> : null}
        <span>slot</span>
        <span>address</span>
        <span>here for</span>
      </div>
      {isKnown && members.length === 0 ? (
        <p class="nobody">
          This group has no members. The first member that joins leads: <code>RANKD_GROUP={group}</code>
        </p>
      ) : null}
      {shown.length === 0 && members.length > 0 ? <p class="nobody">No member matches this filter.</p> : null}
      <ol
        ref={list}
        class={isFiltered ? 'rows filtered' : 'rows'}
        aria-labelledby="roster-title"
        style={{ height: `${rowTop(shown.length, heights)}px` }}
      >
        {shown.slice(from, to).map(({ member, rank }, at) => (
          <RosterRow
            key={member.member}
            member={member}
            rank={rank}
            nowMs={nowMs}
            hasTags={hasTags}
            place={placeOf(from + at, heights)}
            presence={{ kind: 'staying', size: members.length }}
          />
        ))}
        {departing
          .filter(({ rank }) => !isFiltered && from <= rank && rank <= to)
          .map(({ member, rank }) => (
            <RosterRow
              key={`${member.member} left`}
              member={member}
              rank={rank}
              nowMs={nowMs}
              hasTags={hasTags}
              place={placeOf(rank, heights)}
              presence={{ kind: 'going' }}
            />
          ))}
      </ol>
    </section>
  );
}

/** A link for narrow windows that scrolls to the activity below the rows. */
function ActivityJump(): JSX.Element {
  const jump = (): void => document.getElementById('activity-title')?.scrollIntoView();
  return (
    <button class="jump" type="button" onClick={jump}>
      What happens
    </button>
  );
}
