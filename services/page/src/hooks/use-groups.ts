/** The names of all groups. */

import { useEffect, useState } from 'preact/hooks';
import type { GroupSummary } from '@rankd/protocol';
import { authorization, GROUPS_ADDRESS } from '../stream/addresses.js';

const ASK_MS = 5000;

/** Returns the names of all groups. Fetches them repeatedly while the page is visible and `isAsking` is true. */
export function useGroups(token: string | undefined, isAsking: boolean): readonly GroupSummary[] {
  const [groups, setGroups] = useState<readonly GroupSummary[]>([]);
  useEffect(() => {
    if (!isAsking) return undefined;
    const stopping = new AbortController();
    const ask = async (): Promise<void> => {
      if (!document.hidden) setGroups(await askForGroups(token, stopping.signal).catch(() => []));
    };
    void ask();
    const timer = setInterval(() => void ask(), ASK_MS);
    return () => {
      stopping.abort();
      clearInterval(timer);
    };
  }, [token, isAsking]);
  return groups;
}

async function askForGroups(token: string | undefined, signal: AbortSignal): Promise<readonly GroupSummary[]> {
  const response = await fetch(GROUPS_ADDRESS, { headers: authorization(token), signal });
  if (!response.ok) return [];
  const { groups } = (await response.json()) as { groups: readonly GroupSummary[] };
  return groups.toSorted((one, other) => (one.group < other.group ? -1 : 1));
}
