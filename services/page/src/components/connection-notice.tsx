/** Shows the state of the connection to the server. */

import type { JSX } from 'preact';
import type { Connection } from '../stream/connection.js';
import { useNow } from '../hooks/use-now.js';
import { formatTime } from '../model/format.js';

interface ConnectionProps {
  readonly connection: Connection;
}

const inWords = { connecting: 'connecting', live: 'live', lost: 'connection lost', locked: 'locked' } as const;

/** In the bar: shows whether the page is up to date. */
export function ConnectionMark({ connection: { kind } }: ConnectionProps): JSX.Element {
  return (
    <p class={`connection ${kind}`} role="status">
      <span class="dot" aria-hidden="true" />
      {inWords[kind]}
    </p>
  );
}

/** While the connection is lost: shows since when, why, and when the page retries. */
export function ConnectionNotice({ connection }: ConnectionProps): JSX.Element | null {
  return connection.kind === 'lost' ? <Lost {...connection} /> : null;
}

function Lost({ sinceMs, retryAtMs, why }: Extract<Connection, { kind: 'lost' }>): JSX.Element {
  const leftMs = retryAtMs - useNow(250);
  return (
    <p class="notice">
      <strong>Connection lost at {formatTime(sinceMs)}</strong>: {why}. The page shows the state of that time.{' '}
      {leftMs > 0 ? `Trying again in ${Math.ceil(leftMs / 1000)} s.` : 'Trying again now.'}
    </p>
  );
}
