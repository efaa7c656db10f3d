/** R-PACE-1: refuses a request above the rate limit of its session. */

import { limits } from '@rankd/protocol';
import { errorMessage } from '../frames/session-frames.js';
import type { Session } from '../session/session.js';

/** Answers a request with `error` RATE_LIMITED. Ends a session that has sent too many such requests with `bye` RATE_LIMITED (R-PACE-1). */
export function refuseRequest(session: Session, nowMs: number): void {
  if (session.pace.allowsRefusal(nowMs)) session.sendMessage(errorMessage('RATE_LIMITED'));
  else session.turnAway('RATE_LIMITED', `more than ${limits.refusalsMax} requests above the rate limits`);
}
