import { useLayoutEffect, useState } from 'preact/hooks';
import type { Departure } from '../model/roster-model.js';

/** For how long somebody who has left is seen going. */
const GOING_MS = 450;

/** Those who have just left, for as long as they are seen going. */
export function useExitAnimation(departures: readonly Departure[]): readonly Departure[] {
  const [departing, setDeparting] = useState<readonly Departure[]>([]);
  useLayoutEffect(() => {
    if (departures.length === 0) return;
    setDeparting(earlier => [...earlier, ...departures]);
    setTimeout(() => setDeparting(earlier => earlier.filter(each => !departures.includes(each))), GOING_MS);
  }, [departures]);
  return departing;
}
