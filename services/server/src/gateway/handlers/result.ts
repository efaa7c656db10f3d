/** R-CMD-5: the handler of `result` messages. */

import type { ResultMessage } from '@rankd/protocol';
import type { OrderedLog } from '../../log/ordered-log.js';
import { fitsIn } from '../frames/json-text.js';
import { errorMessage } from '../frames/session-frames.js';
import type { Session } from '../session/session.js';

/** The parts of the gateway that handleResult uses. `payloadBytesMax` limits `value` and `error` together (R-FRAME-2). */
export interface ResultPorts {
  readonly payloadBytesMax: number;
  readonly log: Pick<OrderedLog, 'append'>;
}

/**
 * Appends the result of a recipient (R-CMD-5). The core decides whether it is awaited. Answers PAYLOAD_TOO_LARGE if `value` is too long.
 * `payload` is the JSON text of `value`.
 */
export function handleResult(
  result: ResultMessage,
  payload: string | undefined,
  session: Session,
  { payloadBytesMax, log }: ResultPorts,
): void {
  const { state } = session;
  if (state.phase !== 'active') return;
  const { seq, status, error, epoch = state.group.epoch } = result;
  const errorBytes = error === undefined ? 0 : Buffer.byteLength(JSON.stringify(error));
  if (!fitsIn(payload, payloadBytesMax - errorBytes)) {
    session.sendMessage(errorMessage('PAYLOAD_TOO_LARGE', seq));
    return;
  }
  log.append({
    kind: 'result',
    group: state.group.name,
    at: session.readAtMs,
    member: state.member.id,
    session: session.id,
    epoch,
    seq,
    status,
    error: error === undefined ? undefined : knownFields(error),
    payload,
  });
}

function knownFields(error: NonNullable<ResultMessage['error']>): { code: string; message?: string } {
  return error.message === undefined ? { code: error.code } : { code: error.code, message: error.message };
}
