/** One member in the roster. */

import { printable } from '@rankd/protocol/printable';
import { useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Place } from '../model/row-layout.js';
import type { Member } from '../model/roster-model.js';
import { formatDuration } from '../model/format.js';

interface RosterRowProps {
  readonly member: Member;
  readonly rank: number;
  readonly nowMs: number;
  /** Whether any member of the group has tags. */
  readonly hasTags: boolean;
  readonly place: Place;
  /** `staying`: the member is in the roster. `going`: it has left, and its exit is animated. */
  readonly presence: { readonly kind: 'staying'; readonly size: number } | { readonly kind: 'going' };
}

/** The row of a member. */
export function RosterRow({ member, rank, nowMs, hasTags, place, presence }: RosterRowProps): JSX.Element {
  const rises = useRises(rank);
  const role = rank === 0 ? 'leader' : rank === 1 ? 'next' : 'other';
  const classes = ['row', role, member.state, presence.kind, rises > 0 ? 'risen' : ''].join(' ');
  const facts =
    presence.kind === 'going'
      ? { 'aria-hidden': true }
      : { 'aria-posinset': rank + 1, 'aria-setsize': presence.size, 'data-rank': rank, 'data-member': member.member };
  return (
    <li class={classes} style={{ ...place }} {...facts}>
      <span class="rank">
        <span class="hidden">rank </span>
        <span key={rises} class="number">
          {rank}
        </span>
      </span>
      <span class="who">
        <span class="name" title={`${member.name} (${member.member})`}>
          {member.name}
        </span>
        <Role role={presence.kind === 'going' ? 'other' : role} state={member.state} />
      </span>
      {hasTags ? <Tags tags={member.tags} /> : null}
      <span class="slot">
        <span class="name-of">slot </span>
        {member.slot}
      </span>
      <span class="address" title={member.address}>
        {member.address}
      </span>
      <span class="age">
        <span class="name-of">here for </span>
        {formatDuration(nowMs - Date.parse(member.joinedAt))}
      </span>
    </li>
  );
}

function Tags({ tags }: Pick<Member, 'tags'>): JSX.Element {
  return (
    <span class="tags">
      {Object.entries(tags).map(([key, value]) => (
        <Tag key={key} name={printable(key)} value={printable(value)} />
      ))}
    </span>
  );
}

/** A tag. It may contain any characters. It is isolated, because a bidirectional mark in it would reverse the text beside it. */
function Tag({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <span class="tag" title={`${name}=${value}`}>
      {name} <b>{value}</b>
    </span>
  );
}

function Role({
  role,
  state,
}: {
  readonly role: 'leader' | 'next' | 'other';
  readonly state: Member['state'];
}): JSX.Element {
  return (
    <>
      {role === 'leader' ? <span class="role">leads</span> : null}
      {role === 'next' ? <span class="role">next in line</span> : null}
      {state === 'away' ? <span class="role gone">away</span> : null}
    </>
  );
}

/** Returns how often the rank number has decreased while the row was shown. Each decrease is animated. */
function useRises(rank: number): number {
  const seen = useRef({ rank, rises: 0 });
  if (rank < seen.current.rank) seen.current.rises += 1;
  seen.current.rank = rank;
  return seen.current.rises;
}
