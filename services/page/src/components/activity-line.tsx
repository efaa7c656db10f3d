import type { JSX } from 'preact';
import type { CommandActivity, Activity } from '../model/activity-log.js';
import type { OutcomeEvent } from '../model/stream-event.js';
import { formatCount, formatTime } from '../model/format.js';

export function ActivityLine({ happening }: { readonly happening: Activity }): JSX.Element {
  return (
    <li class={`happening ${happening.kind}`}>
      <time dateTime={new Date(happening.atMs).toISOString()}>{formatTime(happening.atMs)}</time>
      <p>
        <What happening={happening} />
      </p>
    </li>
  );
}

function What({ happening }: { readonly happening: Activity }): JSX.Element {
  const who = <b>{happening.kind === 'command' || happening.kind === 'refused' ? happening.from : happening.name}</b>;
  switch (happening.kind) {
    case 'joined':
      return happening.rank === 0 ? (
        <>{who} joined and leads</>
      ) : (
        <>
          {who} joined as rank {happening.rank}
        </>
      );
    case 'resumed':
      return (
        <>
          {who} is back with rank {happening.rank}
        </>
      );
    case 'moved':
      return (
        <>
          {who} was moved to rank {happening.rank}
        </>
      );
    case 'left':
      return (
        <>
          {who}, rank {happening.rank}, left: {happening.reason}
        </>
      );
    case 'away':
      return (
        <>
          {who}, rank {happening.rank}, is away: {happening.reason}
        </>
      );
    case 'promoted':
      return (
        <>
          {who} {happening.rank === 0 ? 'is promoted and leads now' : `is promoted to rank ${happening.rank}`}
          {othersInWords(happening.others)}
        </>
      );
    case 'command':
      return (
        <>
          {who} <small>rank {happening.rank}</small> ordered <i>{happening.name}</i> {progress(happening)}
        </>
      );
    case 'refused':
      return (
        <>
          {who} <small>rank {happening.rank}</small> may not order <i>{happening.name}</i>:{' '}
          <span class="code">{happening.code}</span>
        </>
      );
  }
}

function othersInWords(others: number): string {
  if (others === 0) return '';
  return others === 1 ? '; the one below moved up too' : `; ${others.toLocaleString('en')} below moved up too`;
}

function progress({ recipients, outcome }: Extract<CommandActivity, { kind: 'command' }>): string {
  if (outcome === undefined) return `to ${formatCount(recipients, 'member')}`;
  return `· ${outcome.done} of ${outcome.recipients} executed it in ${outcome.ms} ms${missingInWords(outcome)}`;
}

function missingInWords(outcome: OutcomeEvent): string {
  const ways = (['failed', 'refused', 'expired', 'left'] as const).filter(way => outcome[way] > 0);
  return ways.map(way => `, ${outcome[way]} ${way}`).join('');
}
