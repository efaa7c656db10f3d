import {
  errorCodes,
  explain,
  type ByeMessage,
  type ErrorCode,
  type ErrorMessage,
  type WaitingMessage,
} from '@rankd/protocol';
import type { ServerConfig } from '../../config.js';

/** R-JOIN-4 */
export function waitingMessage(position: number, of: number, config: ServerConfig): WaitingMessage {
  const { RANKD_HEARTBEAT_MS: heartbeatMs, RANKD_SUSPEND_MS: suspendMs, RANKD_DEAD_MS: deadMs } = config;
  return { type: 'waiting', position, of, heartbeatMs, suspendMs, deadMs };
}

export function errorMessage(code: ErrorCode, seq?: number): ErrorMessage {
  const message: ErrorMessage = { type: 'error', code, message: explain(code) };
  return seq === undefined ? message : { ...message, seq };
}

export function byeMessage(code: ErrorCode, detail?: string, retryAfterMs?: number): ByeMessage {
  const { retry } = errorCodes[code];
  const message: ByeMessage = { type: 'bye', code, message: explain(code, detail), retry };
  return retryAfterMs === undefined ? message : { ...message, retryAfterMs };
}
