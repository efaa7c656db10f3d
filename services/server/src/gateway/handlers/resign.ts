/** R-RESIGN-1: the handler of `resign` messages. */

import { explain } from '@rankd/protocol';
import type { OrderedLog } from '../../log/ordered-log.js';
import { errorMessage } from '../frames/session-frames.js';
import type { Session } from '../session/session.js';

/** The parts of the gateway that handleResign uses. */
export interface ResignPorts {
  readonly log: Pick<OrderedLog, 'append' | 'featuresOf'>;
}

const OBSERVER_HAS_NO_RANK = 'an observer has no rank to resign: join with the role member';

/**
 * Proposes that the member goes behind the last present member, because it has stopped acting on its rank (R-RESIGN-1). Answers FORBIDDEN to
 * an observer, and UNSUPPORTED if the log of the group cannot record it yet.
 */
export function handleResign(session: Session, { log }: ResignPorts): void {
  const { state } = session;
  if (state.phase === 'observing') {
    session.sendMessage({ ...errorMessage('FORBIDDEN'), message: OBSERVER_HAS_NO_RANK });
    return;
  }
  if (state.phase !== 'active') return;
  const { name: group } = state.group;
  if (log.featuresOf(group).includes('resign')) {
    log.append({ kind: 'resigned', group, at: session.readAtMs, member: state.member.id, session: session.id });
  } else {
    session.sendMessage({ ...errorMessage('UNSUPPORTED'), message: explain('UNSUPPORTED', 'resign') });
  }
}
