/** Shows the state of the connection to the server. */

import type { JSX } from 'preact';
import type { Connection } from '../stream/connection.js';
import { useNow } from '../hooks/use-now.js';
import { formatDuration, formatTime } from '../model/format.js';

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

/** While the connection is lost: shows when the server was last heard, why, and when the page retries. */
export function ConnectionNotice({ connection }: ConnectionProps): JSX.Element | null {
  return connection.kind === 'lost' ? <Lost {...connection} /> : null;
}

function Lost({ heardAtMs, retryAtMs, why }: Extract<Connection, { kind: 'lost' }>): JSX.Element {
  const nowMs = useNow(250);
  const leftMs = retryAtMs - nowMs;
  return (
    <aside class="notice">
      {heardAtMs === undefined ? (
        <strong>Not connected: {why}.</strong>
      ) : (
        <>
          <strong>Connection lost.</strong> The server was last heard at {formatTime(heardAtMs)},{' '}
          {formatDuration(nowMs - heardAtMs)} ago: {why}. The page shows the state of that time.
        </>
      )}{' '}
      {leftMs > 0 ? `Trying again in ${Math.ceil(leftMs / 1000)} s.` : 'Trying again now.'}
    </aside>
  );
}
