import type { ResultMessage } from '@rankd/protocol';
import { errorMessage } from '../frames/session-frames.js';
import type { Gateway } from '../gateway.js';
import { fitsIn } from '../frames/payload.js';
import type { Session } from '../session/session.js';

/** R-CMD-5: proposes the result; whether it is awaited is judged at its place in the order. */
export function handleResult(
  result: ResultMessage,
  payload: string | undefined,
  session: Session,
  gateway: Gateway,
): void {
  const { state } = session;
  if (state.phase !== 'active') return;
  const { seq, status, error, epoch = state.group.epoch } = result;
  const errorBytes = error === undefined ? 0 : Buffer.byteLength(JSON.stringify(error));
  if (!fitsIn(payload, gateway.payloadBytesMax - errorBytes)) {
    session.say(errorMessage('PAYLOAD_TOO_LARGE', seq));
    return;
  }
  gateway.log.append({
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
