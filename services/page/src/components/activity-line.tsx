import type { JSX } from 'preact';
import type { CommandActivity, Activity } from '../model/activity-log.js';
import type { OutcomeEvent } from '../model/stream-event.js';
import { formatCount, formatTime } from '../model/format.js';

/** One line of the activity list. */
export function ActivityLine({ activity }: { readonly activity: Activity }): JSX.Element {
  return (
    <li class={`activity ${activity.kind}`}>
      <time dateTime={new Date(activity.atMs).toISOString()}>{formatTime(activity.atMs)}</time>
      <p>
        <What activity={activity} />
      </p>
    </li>
  );
}

function What({ activity }: { readonly activity: Activity }): JSX.Element {
  const who = <b>{activity.kind === 'command' || activity.kind === 'refused' ? activity.from : activity.name}</b>;
  switch (activity.kind) {
    case 'joined':
      return activity.rank === 0 ? (
        <>{who} joined and leads</>
      ) : (
        <>
          {who} joined as rank {activity.rank}
        </>
      );
    case 'resumed':
      return (
        <>
          {who} is back with rank {activity.rank}
        </>
      );
    case 'moved':
      return (
        <>
          {who} was moved to rank {activity.rank}
        </>
      );
    case 'left':
      return (
        <>
          {who}, rank {activity.rank}, left: {activity.reason}
        </>
      );
    case 'away':
      return (
        <>
          {who}, rank {activity.rank}, is away: {activity.reason}
        </>
      );
    case 'promoted':
      return (
        <>
          {who} {activity.rank === 0 ? 'is promoted and leads now' : `is promoted to rank ${activity.rank}`}
          {othersInWords(activity.others)}
        </>
      );
    case 'command':
      return (
        <>
          {who} <small>rank {activity.rank}</small> ordered <i>{activity.name}</i> {progress(activity)}
        </>
      );
    case 'refused':
      return (
        <>
          {who} <small>rank {activity.rank}</small> ordered <i>{activity.name}</i>: refused,{' '}
          <span class="code">{activity.code}</span>
        </>
      );
  }
}

function othersInWords(others: number): string {
  if (others === 0) return '';
  return others === 1 ? '; 1 more member moved up' : `; ${others.toLocaleString('en')} more members moved up`;
}

function progress({ recipients, outcome }: Extract<CommandActivity, { kind: 'command' }>): string {
  if (outcome === undefined) return `to ${formatCount(recipients, 'member')}`;
  return `· ${outcome.done} of ${outcome.recipients} executed it in ${outcome.ms} ms${missingInWords(outcome)}`;
}

function missingInWords(outcome: OutcomeEvent): string {
  const ways = (['failed', 'refused', 'expired', 'left'] as const).filter(way => outcome[way] > 0);
  return ways.map(way => `, ${outcome[way]} ${way}`).join('');
}
