/** The rows of `rankctl bench`. */

import type { LoadMode, LoadOptions } from '../node-load/probe.js';
import type { Row } from '../rows/row.js';

/** The size of the work for one server. */
export interface TargetScale {
  readonly members: number;
  readonly rounds: number;
  readonly warmS: number;
  readonly measureS: number;
}

/** The sizes of a quick and of a full run. */
export const targetScales = {
  full: { rounds: 300, warmS: 0.5, measureS: 1.5 },
  quick: { rounds: 20, warmS: 0.1, measureS: 0.2 },
} as const;

/** Returns the rows for one server. Their numbers are absolute, because there is no other server for a ratio. */
export function targetRows({ members, rounds, warmS, measureS }: TargetScale): Row[] {
  const receivers = members - 1;
  return [
    row('storm', `${members} members join at once`, { members }),
    row('trip', `a command to ${receivers}, until all results are back`, { members: receivers, rounds }),
    row('fan', `commands of 64 bytes to ${receivers}, 64 in flight`, { members: receivers, warmS, measureS }),
    row('elect', 'the connection of the leader closes, until the next member knows that it leads', {
      members: 2,
      rounds,
    }),
    row('silence', 'the leader stops answering, until the next member knows that it leads', { members: 2 }),
  ];
}

function row(mode: LoadMode & Row['id'], work: string, load: LoadOptions): Row {
  return { id: mode, work, probes: [{ kind: 'load', key: 'rankd', server: 'rankd', mode, load }], figures: [] };
}
