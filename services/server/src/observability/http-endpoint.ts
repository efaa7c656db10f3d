import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Directory } from './directory.js';
import type { Metrics } from './metrics.js';
import { rankPage, rankPageStyle } from './rank-page.js';
import { rankTable } from './rank-table.js';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What a browser may do with any answer of ours: show it, with our own style, and nothing else. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};
/** A peer that does not get its request out is not waited for longer. */
const REQUEST_MS = 10_000;

/** The side port (contract: HTTP side port). Read only. */
export class HttpEndpoint {
  readonly #server: Server;
  readonly #directory: Directory;
  readonly #metrics: Metrics;

  constructor(directory: Directory, metrics: Metrics) {
    this.#directory = directory;
    this.#metrics = metrics;
    const respond = (request: IncomingMessage, response: ServerResponse): void => void this.#respond(request, response);
    this.#server = createServer({ requestTimeout: REQUEST_MS, requireHostHeader: false }, respond);
    // Where Node would answer by itself, the answer would lack our headers.
    this.#server.on('checkExpectation', respond);
    this.#server.on('clientError', refuseRequest);
  }

  /** Resolves with the port that it listens on; rejects where it cannot. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const answer = method === 'GET' || method === 'HEAD' ? await this.#safeAnswer(url) : methodNotAllowed(method);
    response.writeHead(answer.status, headersOf(answer));
    response.end(method === 'HEAD' ? undefined : answer.body);
  }

  /** Whatever is wrong with looking, nothing is wrong with the server. */
  async #safeAnswer(url: string): Promise<Answer> {
    try {
      return await this.#answer(url);
    } catch {
      return json(500, { code: 'INTERNAL', message: 'this could not be shown' });
    }
  }

  async #answer(url: string): Promise<Answer> {
    const { pathname, query } = splitUrl(url);
    switch (pathname) {
      case '/':
        return { status: 200, type: 'text/html; charset=utf-8', body: rankPage(this.#directory) };
      case '/page.css':
        return { status: 200, type: 'text/css; charset=utf-8', body: rankPageStyle };
      case '/metrics':
        return { status: 200, type: this.#metrics.registry.contentType, body: await this.#metrics.registry.metrics() };
      case '/healthz':
        return json(200, { alive: true });
      case '/readyz': {
        const readiness = this.#directory.readiness();
        return json(readiness.ready ? 200 : 503, readiness);
      }
      case '/ranks':
        return this.#ranks(query.get('group') ?? 'default');
      case '/api/groups':
        return json(200, { groups: this.#directory.groups() });
      default:
        return this.#group(pathname);
    }
  }

  #ranks(group: string): Answer {
    const listing = this.#directory.roster(group);
    const type = 'text/plain; charset=utf-8';
    if (listing === undefined) return { status: 200, type, body: `group ${printable(group)} has no members\n` };
    return { status: 200, type, body: rankTable(listing) };
  }

  #group(pathname: string): Answer {
    const name = /^\/api\/groups\/([A-Za-z0-9._-]{1,64})$/.exec(pathname)?.[1];
    const listing = name === undefined ? undefined : this.#directory.roster(name);
    return listing === undefined
      ? json(404, { code: 'NOT_FOUND', message: 'there is nothing here' })
      : json(200, listing);
  }
}

/** The path, decoded, and what follows its question mark; takes anything and never throws. */
function splitUrl(url: string): { readonly pathname: string; readonly query: URLSearchParams } {
  const [path = '', ...query] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?');
  return { pathname: decoded(path === '' ? '/' : path), query: new URLSearchParams(query.join('?')) };
}

/** As it stands where its percent signs mean nothing: no path of ours has any. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What is not even HTTP gets an answer like any other. */
function refuseRequest(_error: Error, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const answer = json(400, { code: 'BAD_REQUEST', message: 'this is not a request in HTTP' });
  const headers = Object.entries({ ...headersOf(answer), connection: 'close' });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 400 Bad Request\r\n${lines.join('')}\r\n${answer.body}`);
}

function headersOf({ status, type, body }: Answer): Record<string, string> {
  const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
  return { ...HEADERS, ...allow, 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
}

function methodNotAllowed(method: string): Answer {
  return json(405, {
    code: 'METHOD_NOT_ALLOWED',
    message: `${printable(method)} is not for this port: it is read only`,
  });
}

function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}

function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x21-\x7e]/g, '?');
}
