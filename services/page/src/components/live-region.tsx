/** Announces changes to screen readers. */

import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { ActivityLog } from '../model/activity-log.js';

/** The shortest time between two announcements, ms. */
const EVERY_MS = 1500;

/** Announces the current leader to screen readers. */
export function LiveRegion({ activityLog: { ranks } }: { readonly activityLog: ActivityLog }): JSX.Element {
  const newest = ranks.find(({ kind, rank }) => kind === 'promoted' && rank === 0);
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (newest === undefined) return undefined;
    const timer = setTimeout(() => setSaid(`${newest.name} is promoted and leads now`), said === '' ? 0 : EVERY_MS);
    return () => clearTimeout(timer);
  }, [newest?.number]);
  return (
    <p class="hidden" aria-live="polite">
      {said}
    </p>
  );
}
