/** R-ASK-1: the handler of `roster` messages. */

import type { Groups } from '../../log/ordered-log.js';
import type { GroupChannels } from '../delivery/group-channels.js';
import { emptyRosterFrame, rosterFrames } from '../frames/list-frames.js';
import { errorMessage } from '../frames/session-frames.js';
import type { Session } from '../session/session.js';

/** The parts of the gateway that handleRoster uses. */
export interface RosterPorts {
  readonly frameBytesMax: number;
  readonly stallFreeClock: { readonly nowMs: number };
  readonly log: { readonly groups: Groups };
  readonly channels: Pick<GroupChannels, 'sendInOrder'>;
}

/**
 * Answers with the roster of the session's group (R-ASK-1). The next view contains the changes since this roster. Answers RATE_LIMITED if
 * the session has reached the limit of queries.
 */
export function handleRoster(session: Session, { frameBytesMax, stallFreeClock, log, channels }: RosterPorts): void {
  const { state } = session;
  if (state.phase !== 'active' && state.phase !== 'observing') return;
  if (!session.queryRateLimit.allows(stallFreeClock.nowMs)) {
    session.sendMessage(errorMessage('RATE_LIMITED'));
    return;
  }
  const { group: name } = state.request;
  const group = log.groups.get(name);
  const frames = group === undefined ? [emptyRosterFrame(name)] : rosterFrames(group, frameBytesMax);
  for (const frame of frames) channels.sendInOrder(session, frame);
}
