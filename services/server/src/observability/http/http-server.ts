/** The side port: chooses the answer to each request. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock.js';
import type { Watcher } from '../../server-event.js';
import { isAuthorized } from './auth.js';
import type { GroupQueries } from '../group-queries.js';
import {
  streamsFull,
  responseHeaders,
  isStream,
  jsonAnswer,
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
import { renderGroupTable } from './rank-table.js';
import { parseRequestTarget } from './request-target.js';
import type { EventStreams } from './event-streams.js';

const PLAIN = 'text/plain; charset=utf-8';
/** How long streams may take to end when the server stops. */
const END_MS = 500;

/** What the side port needs from the composition root. */
export interface HttpServerParts {
  readonly queries: GroupQueries;
  readonly metrics: Metrics;
  readonly streams: EventStreams;
  readonly activity: ActivitySamples;
  /** The directory of the built live page. */
  readonly pageDirectory: URL;
  /** The bearer token that requests for data need. Undefined if none is set. */
  readonly token: string | undefined;
  readonly connectionsMax: number;
  readonly clock: Clock;
  readonly watch: Watcher;
}

/** The read-only HTTP side port: health, readiness, metrics, ranks, groups, event streams and the live page (contract: HTTP side port). */
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
      // The head of a stream may have been sent, so after an error the connection can only be destroyed.
      respond: (request, response, connection) =>
        void this.#respond(request, response, connection).catch(() => connection.destroy()),
    });
  }

  /** Starts to listen. Resolves with the port. Rejects if the address is not available. */
  async listen(host: string, port: number): Promise<number> {
    return await this.#listener.listen(host, port);
  }

  /** Ends all streams and closes the port. */
  async close(): Promise<void> {
    this.#streams.close();
    await this.#listener.close(END_MS);
  }

  async #respond(request: IncomingMessage, response: ServerResponse, connection: HttpConnection): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const { pathname, query } = parseRequestTarget(url);
    const mayRead = open.has(pathname) || isAuthorized(headers.authorization, this.#token);
    const verdict = await this.#chooseAnswer(method, pathname, query, mayRead);
    const answer = isStream(verdict) && this.#streams.isFull ? streamsFull(this.#streams.streamsMax) : verdict;
    // The body of a request is not read, so no other request can follow it.
    if (hasBody(request)) response.shouldKeepAlive = false;
    if (method === 'HEAD') response.writeHead(answer.status, responseHeaders(answer)).end();
    else if (isStream(answer)) this.#openStream(answer, response, connection);
    else response.writeHead(answer.status, responseHeaders(answer)).end(answer.body);
  }

  /** Opens a stream. Opens none for a client that has closed, because no event would end the stream. */
  #openStream(answer: StreamAnswer, response: ServerResponse, connection: HttpConnection): void {
    connection.startStream();
    if (connection.hasPeerEnded || connection.destroyed) {
      connection.destroy();
      return;
    }
    response.shouldKeepAlive = false;
    answer.open(response.writeHead(answer.status, responseHeaders(answer)));
  }

  /** Returns the answer to a request. An error while the state is read becomes a 500, so that it does not end the server. */
  async #chooseAnswer(
    method: string,
    pathname: string,
    query: URLSearchParams,
    mayRead: boolean,
  ): Promise<Answer | StreamAnswer> {
    if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed(method);
    if (!mayRead) return unauthorized;
    const look = requestedGroups(pathname, query);
    try {
      if (look !== 'at none') await this.#queries.followGroup(look.group);
      return this.#findStream(pathname, query) ?? (await this.#readAnswer(pathname, query));
    } catch {
      return jsonAnswer(500, { code: 'INTERNAL', message: 'the server failed to make this answer: try again' });
    }
  }

  async #readAnswer(pathname: string, query: URLSearchParams): Promise<Answer> {
    switch (pathname) {
      case '/metrics':
        return { status: 200, type: this.#metrics.registry.contentType, body: await this.#metrics.registry.metrics() };
      case '/healthz':
        return jsonAnswer(200, { alive: true });
      case '/readyz': {
        const readiness = this.#queries.readReadiness();
        return jsonAnswer(readiness.ready ? 200 : 503, readiness);
      }
      case '/ranks':
        return { status: 200, type: PLAIN, body: renderGroupTable(this.#queries, groupParameter(query)) };
      case '/api/groups':
        return jsonAnswer(200, { groups: this.#queries.listGroups() });
      default:
        return this.#page.get(pathname) ?? this.#findGroup(pathname);
    }
  }

  /** Returns the stream at `pathname`, or undefined if it is not a stream. */
  #findStream(pathname: string, query: URLSearchParams): StreamAnswer | undefined {
    const group = /^\/api\/groups\/([A-Za-z0-9._-]{1,64})\/events$/.exec(pathname)?.[1];
    const isTable = pathname === '/ranks' && query.has('watch');
    if (group === undefined && !isTable) return undefined;
    if (group === undefined) {
      return {
        status: 200,
        type: PLAIN,
        open: response => this.#streams.openTableStream(response, groupParameter(query)),
      };
    }
    const nobody = { group, epoch: 0, view: 0, size: 0, members: [] };
    const publicPaths = (response: ServerResponse): void => {
      const pulse = query.has('pulse') ? this.#activity.reportActivity(group) : undefined;
      this.#streams.openEventStream(response, group, this.#queries.readRoster(group) ?? nobody, pulse);
    };
    return { status: 200, type: 'text/event-stream', open: publicPaths };
  }

  #findGroup(pathname: string): Answer {
    const name = /^\/api\/groups\/([A-Za-z0-9._-]{1,64})$/.exec(pathname)?.[1];
    const listing = name === undefined ? undefined : this.#queries.readRoster(name);
    return listing === undefined
      ? jsonAnswer(404, { code: 'NOT_FOUND', message: 'no such path or group' })
      : jsonAnswer(200, listing);
  }
}

/** Returns which groups a request reads: one, all (undefined) or none. */
function requestedGroups(pathname: string, query: URLSearchParams): 'at none' | { readonly group: string | undefined } {
  if (pathname === '/api/groups') return { group: undefined };
  const group = pathname === '/ranks' ? groupParameter(query) : /^\/api\/groups\/([^/]+)/.exec(pathname)?.[1];
  return group === undefined ? 'at none' : { group };
}

function groupParameter(query: URLSearchParams): string {
  return query.get('group') ?? 'default';
}

/** The paths that need no token, because they show nothing about members. */
const open: ReadonlySet<string> = new Set([...pagePaths, '/healthz', '/readyz']);

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
