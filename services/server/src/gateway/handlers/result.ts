/** R-CMD-5: the handler of `result` messages. */

import type { ResultMessage } from '@rankd/protocol';
import type { SessionId } from '../../core/index.js';
import type { LogIntake } from '../flow/log-intake.js';
import type { ResultBackpressure } from '../flow/result-backpressure.js';
import { fitsIn } from '../frames/json-text.js';
import { errorMessage } from '../frames/session-frames.js';
import type { Session } from '../session/session.js';

/** The parts of the gateway that handleResult uses. `payloadBytesMax` limits `value` and `error` together (R-FRAME-2). */
export interface ResultPorts {
  readonly payloadBytesMax: number;
  readonly intake: Pick<LogIntake, 'append' | 'refuseResult'>;
  readonly resultBackpressure: Pick<ResultBackpressure, 'admitResult' | 'recordAppend'>;
}

/**
 * Appends the result of a recipient (R-CMD-5). The core decides whether it is awaited, unless that is certain before. Answers PAYLOAD_TOO_LARGE if `value` is too long.
 * `payload` is the JSON text of `value`. If the sender of the command asked for each result and reads slowly, the result waits (R-FLOW-1).
 */
export function handleResult(
  result: ResultMessage,
  payload: string | undefined,
  session: Session,
  ports: ResultPorts,
): void {
  const { state } = session;
  const { payloadBytesMax, intake, resultBackpressure } = ports;
  if (state.phase !== 'active') return;
  const { seq, status, error, epoch = state.group.epoch } = result;
  const errorBytes = error === undefined ? 0 : Buffer.byteLength(JSON.stringify(error));
  if (!fitsIn(payload, payloadBytesMax - errorBytes)) {
    session.sendMessage(errorMessage('PAYLOAD_TOO_LARGE', seq));
    return;
  }
  const { group, member } = state;
  const refusal = intake.refuseResult(group, member, epoch, seq);
  if (refusal !== undefined) {
    if (refusal !== 'ignored') session.sendMessage(errorMessage(refusal, seq));
    return;
  }
  const findAsker = (): SessionId | undefined =>
    epoch === group.epoch ? group.resultReceiver(seq, member) : undefined;
  const asker = findAsker();
  if (asker !== undefined) {
    const payloadBytes = Buffer.byteLength(payload ?? '') + errorBytes;
    const handleAgain = (): void => handleResult(result, payload, session, ports);
    const pending = { session, asker, payloadBytes, isAwaited: () => findAsker() === asker, handleAgain };
    if (resultBackpressure.admitResult(pending) !== 'pass') return;
    resultBackpressure.recordAppend(pending, seq);
  }
  intake.append({
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
