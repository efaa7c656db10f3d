/** The clock that all servers of a cluster share. */

import type { Clock } from '../../clock.js';

/**
 * Returns a clock with the wall time of Redis, which all servers share. If the clock of Redis is set back, this clock goes back too.
 * `offsetMs` returns by how much the wall time of Redis is ahead of the monotonic clock `own`. Undefined: it was not measured yet.
 */
export function sharedClock(own: Clock, offsetMs: () => number | undefined): Clock {
  return {
    ...own,
    wallMs: () => {
      const offset = offsetMs();
      return offset === undefined ? own.wallMs() : Math.floor(own.monotonicMs() + offset);
    },
  };
}
