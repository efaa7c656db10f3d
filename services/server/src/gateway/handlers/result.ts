import type { ResultMessage } from '@rankd/protocol';
import type { OrderedLog } from '../../log/ordered-log.js';
import { fitsIn } from '../frames/json-text.js';
import { errorMessage } from '../frames/session-frames.js';
import type { Session } from '../session/session.js';

export interface ResultPorts {
  readonly payloadBytesMax: number;
  readonly log: Pick<OrderedLog, 'append'>;
}

/** R-CMD-5: proposes the result; whether a command waits for it is judged at its place in the order. */
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
