import { STATUS_CODES, type ServerResponse } from 'node:http';
import { printable } from '@rankd/protocol';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** An answer that goes on: it writes what it has to say by itself. */
export interface StreamAnswer {
  readonly status: number;
  readonly type: string;
  readonly open: (response: ServerResponse) => void;
}

const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** What the live page may do in a browser: load its own files, and ask this port for data. No code comes out of text. */
const PAGE = `${NOTHING}; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`;

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export function isStream(answer: Answer | StreamAnswer): answer is StreamAnswer {
  return 'open' in answer;
}

export function headersOf(answer: Answer | StreamAnswer): Record<string, string> {
  const { status, type } = answer;
  const length = isStream(answer) ? {} : { 'content-length': String(Buffer.byteLength(answer.body)) };
  const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  return {
    ...HEADERS,
    'content-security-policy': type.startsWith('text/html') ? PAGE : NOTHING,
    ...allow,
    ...challenge,
    'content-type': type,
    ...length,
  };
}

/** How much of what a request says an answer repeats. */
export const QUOTED_CHARS_MAX = 64;

/** Someone may read the answer at a terminal, by curl. */
export function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${printable(JSON.stringify(body))}\n` };
}

/** No further stream. */
export const full = json(503, {
  code: 'FULL',
  message: 'as many streams are open as may be: close one, or raise RANKD_HTTP_STREAMS_MAX',
});

/** No further connection: `max` of all addresses together, fewer of one. */
export function connectionsFull(max: number): Answer {
  return json(503, {
    code: 'FULL',
    message: `the limit of ${max} connections, or this address's share of it, is reached: close one, or raise RANKD_HTTP_CONNECTIONS_MAX`,
  });
}

/** `answer` as the bytes of a whole response, for a connection that `node:http` does not answer. The connection closes after it. */
export function responseText(answer: Answer): string {
  const headers = Object.entries({ ...headersOf(answer), connection: 'close' });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${lines.join('')}\r\n${answer.body.toString()}`;
}

export const badRequest = json(400, { code: 'BAD_REQUEST', message: 'this is not a request in HTTP' });

export const unauthorized = json(401, {
  code: 'UNAUTHORIZED',
  message: 'send the token of RANKD_HTTP_TOKEN as a bearer token',
});

export function methodNotAllowed(method: string): Answer {
  return json(405, {
    code: 'METHOD_NOT_ALLOWED',
    message: `${printable(method.slice(0, QUOTED_CHARS_MAX))} is not for this port: it is read only`,
  });
}
