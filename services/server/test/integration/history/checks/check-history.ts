import { checkCommands } from './check-commands.js';
import { checkLeadership } from './check-leadership.js';
import { checkMonotonic, checkOrder } from './check-order.js';
import { checkReplay } from './check-replay.js';
import { checkTime } from './check-time.js';
import { claimsOf } from '../claims.js';
import type { History } from '../history.js';

/** Every violation in a history, a sentence each. Returns an empty list if the history keeps all rules. */
export function checkHistory(history: History): string[] {
  const claims = claimsOf(history);
  return [
    ...checkOrder(claims, history.testimonies),
    ...checkMonotonic(claims),
    ...checkTime(history, claims),
    ...checkReplay(history, claims),
    ...checkCommands(history),
    ...checkLeadership(history),
  ];
}
