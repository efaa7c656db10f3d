/** The messages about a session itself: `waiting`, `error` and `bye`. */

import {
  errorCodes,
  explain,
  type ByeMessage,
  type ErrorCode,
  type ErrorMessage,
  type WaitingMessage,
} from '@rankd/protocol';
import type { ServerConfig } from '../../config.js';

/** Returns the message about a position on the waitlist (R-JOIN-4). `of` is the number of waiting sessions. */
export function waitingMessage(position: number, of: number, config: ServerConfig): WaitingMessage {
  const { RANKD_HEARTBEAT_MS: heartbeatMs, RANKD_SUSPEND_MS: suspendMs, RANKD_DEAD_MS: deadMs } = config;
  return { type: 'waiting', position, of, heartbeatMs, suspendMs, deadMs };
}

/** Returns an `error` message. `seq` is that of the command whose result was refused. */
export function errorMessage(code: ErrorCode, seq?: number): ErrorMessage {
  const message: ErrorMessage = { type: 'error', code, message: explain(code) };
  return seq === undefined ? message : { ...message, seq };
}

/** Returns a `bye` message (R-BYE-1). `message` is the sentence for people. */
export function byeMessage(code: ErrorCode, message: string, retryAfterMs?: number): ByeMessage {
  const { retry } = errorCodes[code];
  const bye: ByeMessage = { type: 'bye', code, message, retry };
  return retryAfterMs === undefined ? bye : { ...bye, retryAfterMs };
}
