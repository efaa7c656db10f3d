/** R-ASK-1: the handler of `roster` messages. */

import type { Clock } from '../../clock.js';
import type { Groups } from '../../log/ordered-log.js';
import type { GroupChannels } from '../delivery/group-channels.js';
import type { RosterFrames } from '../frames/list-frames.js';
import type { Session } from '../session/session.js';
import { refuseRequest } from './refuse-request.js';

/** The parts of the gateway that handleRoster uses. */
export interface RosterPorts {
  readonly rosterFrames: RosterFrames;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: { readonly groups: Groups };
  readonly channels: Pick<GroupChannels, 'sendInOrder'>;
}

/**
 * Answers with the roster of the session's group (R-ASK-1). The next view contains the changes since this roster. Answers RATE_LIMITED if
 * the session has reached the limit of queries.
 */
export function handleRoster(session: Session, { rosterFrames, clock, log, channels }: RosterPorts): void {
  const { state } = session;
  if (state.phase !== 'active' && state.phase !== 'observing') return;
  const nowMs = clock.monotonicMs();
  if (!session.pace.allowsQuery(nowMs)) {
    refuseRequest(session, nowMs);
    return;
  }
  const { group: name } = state.request;
  for (const frame of rosterFrames.framesOf(name, log.groups.get(name))) channels.sendInOrder(session, frame);
}
