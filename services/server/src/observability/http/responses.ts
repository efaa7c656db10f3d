/** The HTTP answers of the side port and their headers. */

import { STATUS_CODES, type ServerResponse } from 'node:http';
import { printable } from '@rankd/protocol';

/** A complete HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** An answer whose body has no end. `open` receives the response after its head was written. */
export interface StreamAnswer {
  readonly status: number;
  readonly type: string;
  readonly open: (response: ServerResponse) => void;
}

/** The content security policy of all answers except the live page. They may load nothing. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The content security policy of the live page. The page may load its own files and request data from this port. */
const PAGE = `${NOTHING}; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`;

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Whether the answer is a stream. */
export function isStream(answer: Answer | StreamAnswer): answer is StreamAnswer {
  return 'open' in answer;
}

/** Returns the headers of an answer, with the security headers that every answer has. */
export function responseHeaders(answer: Answer | StreamAnswer): Record<string, string> {
  const { status, type } = answer;
  const length = isStream(answer) ? {} : { 'content-length': String(Buffer.byteLength(answer.body)) };
  // Without this header, nginx collects a stream until its buffer is full.
  const unbuffered = isStream(answer) ? { 'x-accel-buffering': 'no' } : {};
  const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  return {
    ...HEADERS,
    'content-security-policy': type.startsWith('text/html') ? PAGE : NOTHING,
    ...allow,
    ...challenge,
    ...unbuffered,
    'content-type': type,
    ...length,
  };
}

/** An answer quotes at most this many characters of a request. */
export const QUOTED_CHARS_MAX = 64;

/** Returns a JSON answer. Control characters are escaped, because a terminal may show it. */
export function jsonAnswer(status: number, body: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${printable(JSON.stringify(body))}\n` };
}

/** Returns the answer when the limit of `max` streams is reached. */
export function streamsFull(max: number): Answer {
  return jsonAnswer(503, {
    code: 'FULL',
    message: `the limit of ${max} streams is reached: close one, or raise RANKD_HTTP_STREAMS_MAX`,
  });
}

/** Returns the answer when the limit of `max` connections, or the share of one address, is reached. */
export function connectionsFull(max: number): Answer {
  return jsonAnswer(503, {
    code: 'FULL',
    message: `the limit of ${max} connections, or the share of one address, is reached: close one, or raise RANKD_HTTP_CONNECTIONS_MAX`,
  });
}

/** Returns the text of a whole response, for a connection that `node:http` does not answer. The connection must close after it. */
export function formatResponse(answer: Answer): string {
  const headers = Object.entries({ ...responseHeaders(answer), connection: 'close' });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${lines.join('')}\r\n${answer.body.toString()}`;
}

/** The answer to bytes that are not HTTP. */
export const badRequest = jsonAnswer(400, { code: 'BAD_REQUEST', message: 'this is not an HTTP request' });

/** The answer to an unknown path, and to an unknown group. */
export const notFound = jsonAnswer(404, { code: 'NOT_FOUND', message: 'no such path or group' });

/** The answer to a request without the bearer token. */
export const unauthorized = jsonAnswer(401, {
  code: 'UNAUTHORIZED',
  message:
    'the token is missing or wrong: send the value of RANKD_HTTP_TOKEN, or of the file that RANKD_HTTP_TOKEN_FILE names, as a bearer token',
});

/** Returns the answer to a request for data that calls the server by a name that it does not know. */
export function misdirected(host: string): Answer {
  return jsonAnswer(421, {
    code: 'MISDIRECTED',
    message: `${printable(host.slice(0, QUOTED_CHARS_MAX))} is not a name of this server: use an address or localhost, add the name to RANKD_HTTP_HOSTS, or set RANKD_HTTP_TOKEN or RANKD_HTTP_TOKEN_FILE`,
  });
}

/** The answer to a stream of too many groups. `max` is the limit. */
export function tooManyGroups(max: number): Answer {
  return jsonAnswer(400, {
    code: 'BAD_REQUEST',
    message: `one stream has at most ${max} groups: open another stream for the others`,
  });
}

/** Returns the answer to a method other than GET and HEAD. */
export function methodNotAllowed(method: string): Answer {
  return jsonAnswer(405, {
    code: 'METHOD_NOT_ALLOWED',
    message: `${printable(method.slice(0, QUOTED_CHARS_MAX))} is not allowed: this port is read only`,
  });
}
