/** Animates the exit of members. */

import { useLayoutEffect, useState } from 'preact/hooks';
import type { Departure } from '../model/roster-model.js';

/** How long the exit of a member is animated, ms. */
const GOING_MS = 450;

/** Returns the members whose exit is being animated. */
export function useExitAnimation(departures: readonly Departure[]): readonly Departure[] {
  const [departing, setDeparting] = useState<readonly Departure[]>([]);
  useLayoutEffect(() => {
    if (departures.length === 0) return;
    setDeparting(earlier => [...earlier, ...departures]);
    setTimeout(() => setDeparting(earlier => earlier.filter(each => !departures.includes(each))), GOING_MS);
  }, [departures]);
  return departing;
}
