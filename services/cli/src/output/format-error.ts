/** Errors as sentences for people. */

import { RankdError } from '@rankd/client/observer';
import type { Connection } from '../connection.js';
import { NotDone } from '../errors.js';

/** Returns an error as a sentence that says what to do, with its code. Throws an unexpected error again. */
export function formatError(error: unknown, connection: Connection): NotDone {
  if (error instanceof NotDone) return error;
  if (error instanceof RankdError) return new NotDone(error.code, sentenceOf(error, connection));
  throw error;
}

/** Every secret may be in a file instead. */
const orFile = 'or name its file in RANKD_ADMIN_TOKEN_FILE or RANKD_TOKEN_FILE';

function sentenceOf(error: RankdError, { url, token }: Connection): string {
  const reason = formatSystemReason(error.cause);
  if (error.mistake !== undefined && reason === undefined) return `${url}: ${error.message}`;
  switch (error.code) {
    case 'CONNECT_FAILED':
      return `no rankd server answers at ${url} (${reason ?? inParentheses(error.message) ?? error.message}): ${error.hint ?? ''}`;
    case 'NOT_CONNECTED':
      return `the connection to the server at ${url} was lost (${reason ?? inParentheses(error.message) ?? error.message})`;
    case 'UNAUTHORIZED':
      return token === undefined
        ? `the server at ${url} requires a token: give it with --token, RANKD_ADMIN_TOKEN or RANKD_TOKEN, ${orFile}`
        : `the server at ${url} rejects this token: check --token, RANKD_ADMIN_TOKEN and RANKD_TOKEN, and the files that RANKD_ADMIN_TOKEN_FILE and RANKD_TOKEN_FILE name`;
    case 'FORBIDDEN':
      return 'this request needs the admin token: give it with --token or RANKD_ADMIN_TOKEN, or name its file in RANKD_ADMIN_TOKEN_FILE';
    default:
      return error.message;
  }
}

/** Returns the text between the first `(` and the last `)`, without a leading code and colon. Undefined if there are no parentheses. */
function inParentheses(message: string): string | undefined {
  const open = message.indexOf('(');
  const close = message.lastIndexOf(')');
  if (open === -1 || close < open) return undefined;
  const inner = message.slice(open + 1, close);
  const colon = inner.indexOf(': ');
  return colon > 0 && !inner.slice(0, colon).includes(' ') ? inner.slice(colon + 2) : inner;
}

/** Returns the text for an error of the system, such as ECONNREFUSED. Undefined for an unknown one. */
export function formatSystemReason(cause: unknown): string | undefined {
  const { code } = ((cause instanceof AggregateError ? cause.errors[0] : cause) ?? {}) as { readonly code?: string };
  return known[code ?? ''];
}

const known: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be resolved',
  EHOSTUNREACH: 'the host cannot be reached',
};
