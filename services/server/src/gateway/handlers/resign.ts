/** R-RESIGN-1: the handler of `resign` messages. */

import { errorMessage } from '../frames/session-frames.js';
import type { Session } from '../session/session.js';

const OBSERVER_HAS_NO_RANK = 'an observer has no rank to resign: join with the role member';

/** Refuses the request: an observer has no rank, and this server does not offer the feature. */
export function handleResign(session: Session): void {
  const { phase } = session.state;
  if (phase === 'observing') session.sendMessage({ type: 'error', code: 'FORBIDDEN', message: OBSERVER_HAS_NO_RANK });
  else if (phase === 'active') session.sendMessage(errorMessage('UNSUPPORTED'));
}
