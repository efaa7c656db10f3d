/** The roster of the group. */

import { useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { narrow, placeOf, rowTop, wide } from '../model/row-layout.js';
import { RosterRow } from './roster-row.js';
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
 * Lists the members, the leader first. Each row is placed by its rank, so that it slides when the rank changes. Only visible rows
 * are drawn.
 */
export function RosterList({ group, roster, nowMs, isKnown }: RosterListProps): JSX.Element {
  const heights = useMedia('(max-width: 44rem)') ? narrow : wide;
  const list = useRef<HTMLOListElement>(null);
  const { members } = roster;
  const { from, to } = useVisibleRanks(list, members.length, heights);
  const departing = useExitAnimation(roster.departures);
  return (
    <section class="roster-list" aria-labelledby="roster-title">
      <div class="section-head">
        <h2 id="roster-title">
          {group} <small>{isKnown ? formatCount(members.length, 'member') : ''}</small>
        </h2>
      </div>
      <div class="columns" aria-hidden="true">
        <span>rank</span>
        <span>name</span>
        <span>tags</span>
        <span>slot</span>
        <span>address</span>
        <span>here for</span>
      </div>
      {isKnown && members.length === 0 ? (
        <p class="nobody">
          This group has no members. The first member that joins leads: <code>RANKD_GROUP={group}</code>
        </p>
      ) : null}
      <ol
        ref={list}
        class="rows"
        aria-labelledby="roster-title"
        style={{ height: `${rowTop(members.length, heights)}px` }}
      >
        {members.slice(from, to).map((member, at) => (
          <RosterRow
            key={member.member}
            member={member}
            rank={from + at}
            nowMs={nowMs}
            place={placeOf(from + at, heights)}
            presence={{ kind: 'staying', size: members.length }}
          />
        ))}
        {departing
          .filter(({ rank }) => from <= rank && rank <= to)
          .map(({ member, rank }) => (
            <RosterRow
              key={`${member.member} left`}
              member={member}
              rank={rank}
              nowMs={nowMs}
              place={placeOf(rank, heights)}
              presence={{ kind: 'going' }}
            />
          ))}
      </ol>
    </section>
  );
}
