/** The side port: chooses the answer to each request. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { assertNever } from '@rankd/protocol';
import { findForeignHost } from '@rankd/startup/http/request-host';
import { parseRequestTarget, type RequestTarget } from '@rankd/startup/http/request-target';
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
  misdirected,
  notFound,
  tooManyGroups,
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
import { findRoute, GROUPS_PER_STREAM_MAX, isGroupPath } from './routes.js';
import type { EventStreams } from './event-streams.js';

const PLAIN = 'text/plain; charset=utf-8';
/** How long streams may take to end when the server stops. */
const END_MS = 500;

/** The parts and settings that the side port gets from RankServer. */
export interface HttpServerParts {
  readonly queries: GroupQueries;
  readonly metrics: Metrics;
  readonly streams: EventStreams;
  readonly activity: ActivitySamples;
  /** The directory of the built live page. */
  readonly pageDirectory: URL;
  /** The bearer token that requests for data need. Undefined if none is set. */
  readonly token: string | undefined;
  /** Host names that a request for data may use if no token is set. Addresses and `localhost` are always allowed. */
  readonly hosts: ReadonlySet<string>;
  readonly connectionsMax: number;
  readonly clock: Clock;
  readonly watch: Watcher;
}

/** The read-only HTTP side port: health, readiness, metrics, ranks, groups, event streams and the live page (docs/operations/side-port.md). */
export class HttpServer {
  readonly #listener: HttpListener;
  readonly #queries: GroupQueries;
  readonly #metrics: Metrics;
  readonly #streams: EventStreams;
  readonly #activity: ActivitySamples;
  readonly #page: ReadonlyMap<string, Answer>;
  readonly #token: string | undefined;
  readonly #hosts: ReadonlySet<string>;

  constructor(parts: HttpServerParts) {
    this.#queries = parts.queries;
    this.#metrics = parts.metrics;
    this.#streams = parts.streams;
    this.#activity = parts.activity;
    this.#page = readPageFiles(parts.pageDirectory);
    this.#token = parts.token;
    this.#hosts = parts.hosts;
    const { clock, connectionsMax, watch } = parts;
    this.#listener = new HttpListener({
      clock,
      connectionsMax,
      watch,
      // After an error the connection is destroyed, because the head of a stream may have been sent already.
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
    const { method = 'GET' } = request;
    const verdict = await this.#chooseAnswer(request);
    const answer = isStream(verdict) && this.#streams.isFull ? streamsFull(this.#streams.streamsMax) : verdict;
    // The server reads no request bodies, so no other request can follow this one.
    if (hasBody(request)) response.shouldKeepAlive = false;
    if (method === 'HEAD') response.writeHead(answer.status, responseHeaders(answer)).end();
    else if (isStream(answer)) this.#openStream(answer, response, connection);
    else response.writeHead(answer.status, responseHeaders(answer)).end(answer.body);
  }

  /** Opens a stream, unless the client has closed already: no later event would end the stream. */
  #openStream(answer: StreamAnswer, response: ServerResponse, connection: HttpConnection): void {
    connection.startStream();
    if (connection.hasPeerEnded || connection.destroyed) {
      connection.destroy();
      return;
    }
    response.shouldKeepAlive = false;
    answer.open(response.writeHead(answer.status, responseHeaders(answer)));
  }

  /** Returns the answer to a request. Returns a 500 if reading the state throws, so that the error does not end the server. */
  async #chooseAnswer(request: IncomingMessage): Promise<Answer | StreamAnswer> {
    const { method = 'GET', url = '/' } = request;
    const target = parseRequestTarget(url);
    if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed(method);
    const refusal = this.#findRefusal(request, target);
    if (refusal !== undefined) return refusal;
    try {
      return await this.#readAnswer(target);
    } catch {
      return jsonAnswer(500, { code: 'INTERNAL', message: 'the server failed to make this answer: try again' });
    }
  }

  /** If a token is set, only the token is checked: it also protects against foreign hosts. */
  #findRefusal(request: IncomingMessage, { pathname, authority }: RequestTarget): Answer | undefined {
    if (this.#token !== undefined) {
      const mayRead = open.has(pathname) || isAuthorized(request.headers.authorization, this.#token);
      return mayRead ? undefined : unauthorized;
    }
    const foreign = isGroupPath(pathname) ? findForeignHost(request, authority, this.#hosts) : undefined;
    return foreign === undefined ? undefined : misdirected(foreign);
  }

  async #readAnswer({ pathname, query }: RequestTarget): Promise<Answer | StreamAnswer> {
    const route = findRoute(pathname, query);
    switch (route.kind) {
      case 'groups':
        await this.#queries.followGroup(undefined);
        return jsonAnswer(200, { groups: this.#queries.listGroups() });
      case 'roster': {
        await this.#queries.followGroup(route.group);
        const listing = this.#queries.readRoster(route.group);
        return listing === undefined ? notFound : jsonAnswer(200, listing);
      }
      case 'events':
        if (route.groups.length > GROUPS_PER_STREAM_MAX) return tooManyGroups(GROUPS_PER_STREAM_MAX);
        await Promise.all(route.groups.map(async group => await this.#queries.followGroup(group)));
        return this.#eventStream(route.groups, query.has('pulse'));
      case 'table':
        await this.#queries.followGroup(route.group);
        return { status: 200, type: PLAIN, body: renderGroupTable(this.#queries, route.group) };
      case 'watched table': {
        await this.#queries.followGroup(route.group);
        const open = (response: ServerResponse): void => this.#streams.openTableStream(response, route.group);
        return { status: 200, type: PLAIN, open };
      }
      case 'other':
        return await this.#readOther(pathname);
      default:
        return assertNever(route);
    }
  }

  async #readOther(pathname: string): Promise<Answer> {
    switch (pathname) {
      case '/metrics':
        return { status: 200, type: this.#metrics.registry.contentType, body: await this.#metrics.registry.metrics() };
      case '/healthz':
        return jsonAnswer(200, { alive: true });
      case '/readyz': {
        const readiness = this.#queries.readReadiness();
        return jsonAnswer(readiness.ready ? 200 : 503, readiness);
      }
      default:
        return this.#page.get(pathname) ?? notFound;
    }
  }

  #eventStream(groups: readonly string[], hasPulse: boolean): StreamAnswer {
    const openGroup = (response: ServerResponse, group: string): void => {
      const pulse = hasPulse ? { group, ...this.#activity.reportActivity(group) } : undefined;
      const nobody = { group, epoch: 0, view: 0, size: 0, members: [] };
      this.#streams.openEventStream(response, group, this.#queries.readRoster(group) ?? nobody, pulse);
    };
    const open = (response: ServerResponse): void => groups.forEach(group => openGroup(response, group));
    return { status: 200, type: 'text/event-stream', open };
  }
}

/** The paths that need no token, because they show nothing about members. */
const open: ReadonlySet<string> = new Set([...pagePaths, '/healthz', '/readyz']);

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
