import type { ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** An answer that goes on: it writes what it has to say by itself. */
export interface StreamAnswer {
  readonly status: number;
  readonly type: string;
  readonly open: (response: ServerResponse) => void;
}

/** What a browser may do with any answer of ours: show it, with our own style, and nothing else. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
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
    ...allow,
    ...challenge,
    'content-type': type,
    ...length,
  };
}

export function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}

/** No further stream. */
export const full = json(503, {
  code: 'FULL',
  message: 'as many streams are open as may be: close one, or raise RANKD_HTTP_STREAMS_MAX',
});

export const unauthorized = json(401, {
  code: 'UNAUTHORIZED',
  message: 'send the token of RANKD_HTTP_TOKEN as a bearer token',
});

export function methodNotAllowed(method: string): Answer {
  return json(405, {
    code: 'METHOD_NOT_ALLOWED',
    message: `${printable(method)} is not for this port: it is read only`,
  });
}

/** Text that somebody sent, safe to be shown. */
export function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x21-\x7e]/g, '?');
}
