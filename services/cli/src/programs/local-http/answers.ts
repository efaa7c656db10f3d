/** The HTTP answers of rankctl. */

import { STATUS_CODES, type OutgoingHttpHeaders } from 'node:http';
import { RankdError } from '@rankd/client';
import { printable } from '@rankd/protocol';

/** A complete answer. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: OutgoingHttpHeaders;
}

const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Returns a JSON answer. Control characters are escaped, because a terminal may show it. */
export function jsonAnswer(status: number, body: unknown, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${printable(JSON.stringify(body))}\n`, headers };
}

/** Returns an error as an answer: its code and a message. */
export function errorAnswer(status: number, code: string, message: string, headers?: OutgoingHttpHeaders): Answer {
  return jsonAnswer(status, { code, message }, headers);
}

/**
 * Returns the answer to a request that the library or the server refuses. It has the code of the error, and the results that have arrived.
 */
export function refusalAnswer(error: unknown): Answer {
  if (!(error instanceof RankdError))
    return errorAnswer(500, 'INTERNAL', 'rankctl failed to make this answer: try again');
  const { code, message, results } = error;
  return jsonAnswer(statusOf(code), { code, message, ...(results === undefined ? {} : { results }) });
}

function statusOf(code: RankdError['code']): number {
  switch (code) {
    case 'BAD_ARGUMENT':
      return 400;
    case 'PAYLOAD_TOO_LARGE':
      return 413;
    case 'NOT_CONNECTED':
      return 503;
    case 'OUTCOME_UNKNOWN':
      return 504;
    default:
      return 409;
  }
}

/** Returns the headers of an answer. The connection closes after it. */
export function headersOf({ type, body, headers }: Answer): OutgoingHttpHeaders {
  const length = Buffer.byteLength(body);
  return { ...safeHeaders, ...headers, connection: 'close', 'content-type': type, 'content-length': length };
}

/** The headers of a stream of server-sent events. Without the last header nginx would buffer the stream. */
export const streamHeaders: OutgoingHttpHeaders = {
  ...safeHeaders,
  connection: 'close',
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
};

/** Returns the text of a whole response, for a connection whose bytes are no request. */
export function formatResponse(answer: Answer): string {
  const lines = Object.entries(headersOf(answer)).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('')}\r\n${answer.body}`;
}
