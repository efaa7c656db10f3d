import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock.js';
import type { Watcher } from '../../server-event.js';
import { isAuthorized } from './auth.js';
import type { GroupQueries } from '../group-queries.js';
import {
  full,
  headersOf,
  isStream,
  json,
  methodNotAllowed,
  unauthorized,
  type Answer,
  type StreamAnswer,
} from './responses.js';
import type { HttpConnection } from './http-connection.js';
import { HttpListener } from './http-listener.js';
import type { Metrics } from '../metrics/metrics.js';
import { pagePaths, readPageFiles } from './static-files.js';
import type { ActivitySamples } from '../activity-samples.js';
import { ranksIn } from './rank-table.js';
import { splitUrl } from './request-target.js';
import type { EventStreams } from './event-streams.js';

const PLAIN = 'text/plain; charset=utf-8';
/** How long streams may take to end when the server stops. */
const END_MS = 500;

/** What the side port shows, and where it has it from. */
export interface HttpServerParts {
  readonly queries: GroupQueries;
  readonly metrics: Metrics;
  readonly streams: EventStreams;
  readonly activity: ActivitySamples;
  /** Where the live page was built. */
  readonly pageDirectory: URL;
  /** With one, all data needs it as a bearer token. */
  readonly token: string | undefined;
  readonly connectionsMax: number;
  readonly clock: Clock;
  readonly watch: Watcher;
}

/** The side port (contract: HTTP side port). Read only. */
export class HttpServer {
  readonly #listener: HttpListener;
  readonly #queries: GroupQueries;
  readonly #metrics: Metrics;
  readonly #streams: EventStreams;
  readonly #activity: ActivitySamples;
  readonly #page: ReadonlyMap<string, Answer>;
  readonly #token: string | undefined;

  constructor(parts: HttpServerParts) {
    this.#queries = parts.queries;
    this.#metrics = parts.metrics;
    this.#streams = parts.streams;
    this.#activity = parts.activity;
    this.#page = readPageFiles(parts.pageDirectory);
    this.#token = parts.token;
    const { clock, connectionsMax, watch } = parts;
    this.#listener = new HttpListener({
      clock,
      connectionsMax,
      watch,
      // A stream whose beginning could not be made: its head is sent already.
      respond: (request, response, connection) =>
        void this.#respond(request, response, connection).catch(() => connection.destroy()),
    });
  }

  /** Resolves with the port that it listens on; rejects where it cannot. */
  async listen(host: string, port: number): Promise<number> {
    return await this.#listener.listen(host, port);
  }

  async close(): Promise<void> {
    this.#streams.close();
    await this.#listener.close(END_MS);
  }

  async #respond(request: IncomingMessage, response: ServerResponse, connection: HttpConnection): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const { pathname, query } = splitUrl(url);
    const mayRead = open.has(pathname) || isAuthorized(headers.authorization, this.#token);
    const verdict = await this.#chooseAnswer(method, pathname, query, mayRead);
    const answer = isStream(verdict) && this.#streams.isFull ? full : verdict;
    // Nothing reads the body of a request, so no other request can follow it.
    if (hasBody(request)) response.shouldKeepAlive = false;
    if (method === 'HEAD') response.writeHead(answer.status, headersOf(answer)).end();
    else if (isStream(answer)) this.#openStream(answer, response, connection);
    else response.writeHead(answer.status, headersOf(answer)).end(answer.body);
  }

  /** A peer that has gone before its stream begins gets none: nothing would give the stream's slot back. */
  #openStream(answer: StreamAnswer, response: ServerResponse, connection: HttpConnection): void {
    connection.stream();
    if (connection.hasPeerEnded || connection.destroyed) {
      connection.destroy();
      return;
    }
    response.shouldKeepAlive = false;
    answer.open(response.writeHead(answer.status, headersOf(answer)));
  }

  /** Whatever is wrong with looking, nothing is wrong with the server. */
  async #chooseAnswer(
    method: string,
    pathname: string,
    query: URLSearchParams,
    mayRead: boolean,
  ): Promise<Answer | StreamAnswer> {
    if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed(method);
    if (!mayRead) return unauthorized;
    const look = groupsRead(pathname, query);
    try {
      if (look !== 'at none') await this.#queries.followGroup(look.group);
      return this.#findStream(pathname, query) ?? (await this.#readAnswer(pathname, query));
    } catch {
      return json(500, { code: 'INTERNAL', message: 'this could not be shown' });
    }
  }

  async #readAnswer(pathname: string, query: URLSearchParams): Promise<Answer> {
    switch (pathname) {
      case '/metrics':
        return { status: 200, type: this.#metrics.registry.contentType, body: await this.#metrics.registry.metrics() };
      case '/healthz':
        return json(200, { alive: true });
      case '/readyz': {
        const readiness = this.#queries.readiness();
        return json(readiness.ready ? 200 : 503, readiness);
      }
      case '/ranks':
        return { status: 200, type: PLAIN, body: ranksIn(this.#queries, groupIn(query)) };
      case '/api/groups':
        return json(200, { groups: this.#queries.groups() });
      default:
        return this.#page.get(pathname) ?? this.#findGroup(pathname);
    }
  }

  /** Undefined where `pathname` is nothing that goes on. */
  #findStream(pathname: string, query: URLSearchParams): StreamAnswer | undefined {
    const group = /^\/api\/groups\/([A-Za-z0-9._-]{1,64})\/events$/.exec(pathname)?.[1];
    const isTable = pathname === '/ranks' && query.has('watch');
    if (group === undefined && !isTable) return undefined;
    if (group === undefined) {
      return { status: 200, type: PLAIN, open: response => this.#streams.openTable(response, groupIn(query)) };
    }
    const nobody = { group, epoch: 0, view: 0, size: 0, members: [] };
    const open = (response: ServerResponse): void => {
      const pulse = query.has('pulse') ? this.#activity.reportActivity(group) : undefined;
      this.#streams.openEvents(response, group, this.#queries.roster(group) ?? nobody, pulse);
    };
    return { status: 200, type: 'text/event-stream', open };
  }

  #findGroup(pathname: string): Answer {
    const name = /^\/api\/groups\/([A-Za-z0-9._-]{1,64})$/.exec(pathname)?.[1];
    const listing = name === undefined ? undefined : this.#queries.roster(name);
    return listing === undefined
      ? json(404, { code: 'NOT_FOUND', message: 'there is nothing here' })
      : json(200, listing);
  }
}

/** Which group is asked for; all of them where it is undefined. */
function groupsRead(pathname: string, query: URLSearchParams): 'at none' | { readonly group: string | undefined } {
  if (pathname === '/api/groups') return { group: undefined };
  const group = pathname === '/ranks' ? groupIn(query) : /^\/api\/groups\/([^/]+)/.exec(pathname)?.[1];
  return group === undefined ? 'at none' : { group };
}

function groupIn(query: URLSearchParams): string {
  return query.get('group') ?? 'default';
}

/** What anybody may read, token or not: nothing of it tells who is there. */
const open: ReadonlySet<string> = new Set([...pagePaths, '/healthz', '/readyz']);

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
