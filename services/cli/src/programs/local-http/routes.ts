/** The requests that rankctl answers (R-PROG-9). */

import type { IncomingMessage } from 'node:http';
import { findForeignHost } from '@rankd/startup/http/request-host';
import { parseRequestTarget } from '@rankd/startup/http/request-target';
import { printable } from '@rankd/protocol';
import type { AccessKey } from './access-key.js';
import { errorAnswer, type Answer } from './answers.js';

/** What a request asks for. */
export type Route =
  | { readonly kind: 'self' | 'leads' | 'roster' | 'events' | 'resign' }
  | { readonly kind: 'command'; readonly name: string; readonly query: URLSearchParams };

/** Which methods a path has, and whether it needs the key. */
interface RouteRule {
  readonly methods: readonly string[];
  readonly access: 'open' | 'key';
}

const reading = ['GET', 'HEAD'];
const rules: Readonly<Record<Route['kind'], RouteRule>> = {
  // A probe of Docker or Kubernetes has no key.
  self: { methods: reading, access: 'open' },
  leads: { methods: reading, access: 'open' },
  roster: { methods: reading, access: 'key' },
  events: { methods: reading, access: 'key' },
  command: { methods: ['POST'], access: 'key' },
  resign: { methods: ['POST'], access: 'key' },
};

/** An answer quotes at most this many characters of a request. */
const QUOTED_CHARS_MAX = 64;
const noNames: ReadonlySet<string> = new Set();

/** Returns what a request asks for, or the answer that refuses it. */
export function findRoute(request: IncomingMessage, key: AccessKey): Route | Answer {
  const { pathname, query, authority } = parseRequestTarget(request.url ?? '/');
  const foreign = findForeignHost(request, authority, noNames);
  if (foreign !== undefined) {
    return errorAnswer(
      403,
      'FORBIDDEN',
      `${quoted(foreign)} is not an address and not localhost: use the URL in RANKD_HTTP`,
    );
  }
  if (request.headers.origin !== undefined) {
    return errorAnswer(403, 'FORBIDDEN', 'the request has an Origin: rankctl does not answer web pages');
  }
  const route = routeOf(pathname, query);
  if (route === undefined) return errorAnswer(404, 'NOT_FOUND', `rankctl has no path ${quoted(pathname)}`);
  const { methods, access } = rules[route.kind];
  const { method = 'GET', headers } = request;
  if (!methods.includes(method)) {
    const allow = methods.join(', ');
    return errorAnswer(405, 'METHOD_NOT_ALLOWED', `${quoted(method)} is not allowed here: use ${allow}`, { allow });
  }
  if (access === 'open' || key.isIn(headers.authorization)) return route;
  const message = 'the key is missing or wrong: send the value of RANKD_HTTP_KEY as a bearer token';
  return errorAnswer(401, 'UNAUTHORIZED', message, { 'www-authenticate': 'Bearer' });
}

/** Whether a request was refused. */
export function isAnswer(found: Route | Answer): found is Answer {
  return 'status' in found;
}

function routeOf(pathname: string, query: URLSearchParams): Route | undefined {
  switch (pathname) {
    case '/self':
    case '/leads':
    case '/roster':
    case '/events':
    case '/resign':
      return { kind: pathname.slice(1) as 'self' };
    default: {
      const name = /^\/commands\/([^/]+)$/.exec(pathname)?.[1];
      return name === undefined ? undefined : { kind: 'command', name, query };
    }
  }
}

function quoted(text: string): string {
  return printable(text.slice(0, QUOTED_CHARS_MAX));
}
