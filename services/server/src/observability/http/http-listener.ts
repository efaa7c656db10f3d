/** Listens on the side port and limits its connections. */

import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server as SocketServer, type Socket } from 'node:net';
import { plainAddress } from '../../client-address.js';
import type { Clock } from '../../clock.js';
import type { Watcher } from '../../server-event.js';
import { DescriptorLimit } from './descriptor-limit.js';
import { badRequest, connectionsFull, formatResponse } from './responses.js';
import { HttpConnection } from './http-connection.js';
import { LoopQueue } from './loop-queue.js';

/** The side port may use a quarter of the file descriptors of the process. The others are for members. */
const DESCRIPTORS_PER_CONNECTION = 4;
/** After this long without traffic, TCP keepalive probes the client. */
const ALIVE_MS = 15_000;
/**
 * The limit of unread bytes of all connections together. Past it, the connection whose client has not read for the longest time is
 * destroyed.
 */
export const UNREAD_BYTES_MAX = 33_554_432;
/** Refused connections that wait for their clients to read the answer are at most one eighth of the limit of connections. */
const CONNECTIONS_PER_REFUSED = 8;
/** How long a refused connection waits. */
const REFUSED_MS = 1000;

/** The functions and values that an HttpListener gets from the HttpServer. */
export interface HttpListenerParts {
  readonly clock: Clock;
  readonly connectionsMax: number;
  readonly watch: Watcher;
  /** Answers a request. */
  readonly respond: (request: IncomingMessage, response: ServerResponse, connection: HttpConnection) => void;
}

/**
 * Accepts connections. Limits their number, the share of one address, and the unread bytes of all. `node:http` parses the requests and
 * writes the answers of each `HttpConnection`.
 */
export class HttpListener {
  readonly #clock: Clock;
  readonly #connectionsMax: number;
  readonly #watch: Watcher;
  readonly #descriptors: DescriptorLimit;
  readonly #requests: LoopQueue;
  readonly #sockets: SocketServer;
  readonly #http: Server;
  /** The connections, oldest first, with the addresses of their clients. */
  readonly #connections = new Map<HttpConnection, string>();
  readonly #refused = new Set<Socket>();

  constructor({ clock, connectionsMax, watch, respond }: HttpListenerParts) {
    this.#clock = clock;
    this.#connectionsMax = connectionsMax;
    this.#watch = watch;
    this.#descriptors = new DescriptorLimit(() => clock.monotonicMs());
    this.#requests = new LoopQueue(clock);
    this.#http = createHttpServer({ requireHostHeader: false });
    const hold = (request: IncomingMessage, response: ServerResponse): void => {
      // `node:http` got an HttpConnection in place of a socket.
      const connection = response.socket as unknown as HttpConnection;
      connection.holdRequests(response);
      respond(request, response, connection);
    };
    // Without these listeners, Node answers itself, without the security headers.
    for (const event of ['request', 'checkExpectation', 'checkContinue']) this.#http.on(event, hold);
    this.#http.on('clientError', (_error, stream) => refuseRequest(stream as unknown as HttpConnection));
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: ALIVE_MS };
    this.#sockets = createServer(options, socket => this.#accept(socket));
  }

  /** Starts to listen. Resolves with the port. Rejects if the address is not available. */
  async listen(host: string, port: number): Promise<number> {
    const limit = this.#limit;
    if (limit < this.#connectionsMax) {
      this.#watch({ event: 'http.limited', connections: limit, descriptors: this.#descriptors.current ?? 0 });
    }
    await new Promise<void>((resolve, reject) => {
      this.#sockets.once('error', reject);
      this.#sockets.listen({ host, port }, resolve);
    });
    return (this.#sockets.address() as AddressInfo).port;
  }

  /** Destroys every connection. Ended streams are destroyed when they have been sent, or after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>(resolve => this.#sockets.close(() => resolve()));
    const late = this.#clock.after(graceMs, () => this.#connections.forEach((_, connection) => connection.destroy()));
    for (const connection of this.#connections.keys()) connection.destroyWhenSent();
    for (const socket of this.#refused) socket.destroy();
    await closed;
    late.cancel();
  }

  /** The limit of connections: the setting, or less if the limit of open files is low. */
  get #limit(): number {
    const { current = Infinity } = this.#descriptors;
    return Math.min(this.#connectionsMax, Math.floor(current / DESCRIPTORS_PER_CONNECTION));
  }

  #accept(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? 'unknown');
    if (!this.#isRoomFor(address)) {
      this.#refuse(socket, address);
      return;
    }
    const connection = new HttpConnection(socket, {
      clock: this.#clock,
      requests: this.#requests,
      onBackedUp: writer => this.#limitUnread(writer),
    });
    this.#connections.set(connection, address);
    connection.once('close', () => this.#connections.delete(connection));
    this.#http.emit('connection', connection);
  }

  /**
   * Whether another connection from `address` is allowed. One address may have at most as many connections as remain free, so a single
   * address gets at most half of all.
   */
  #isRoomFor(address: string): boolean {
    let held = 0;
    for (const each of this.#connections.values()) if (each === address) held += 1;
    return held < this.#limit - this.#connections.size;
  }

  /**
   * Answers FULL without reading the request. A limited number of these connections stay open until the client has read the answer. The
   * others are closed at once, because their descriptors are needed.
   */
  #refuse(socket: Socket, address: string): void {
    this.#watch({ event: 'http.refused', address, connections: this.#connections.size });
    socket.on('error', () => undefined);
    const answer = formatResponse(connectionsFull(this.#connectionsMax));
    if (this.#refused.size >= this.#limit / CONNECTIONS_PER_REFUSED) {
      socket.end(answer, () => socket.destroy());
      return;
    }
    this.#refused.add(socket);
    const late = this.#clock.after(REFUSED_MS, () => socket.destroy());
    socket.once('close', () => {
      late.cancel();
      this.#refused.delete(socket);
    });
    socket.resume().end(answer);
  }

  /**
   * Destroys stalled connections while the unread bytes exceed UNREAD_BYTES_MAX. Never destroys `writer`, because a single answer may be
   * longer than the limit.
   */
  #limitUnread(writer: HttpConnection): void {
    const connections = [...this.#connections.keys()];
    let unreadBytes = connections.reduce((sum, { writableLength }) => sum + writableLength, 0);
    if (unreadBytes <= UNREAD_BYTES_MAX) return;
    const stalled = connections.filter(each => each !== writer && each.writeSinceMs !== undefined);
    stalled.sort((a, b) => (a.writeSinceMs ?? 0) - (b.writeSinceMs ?? 0));
    for (const connection of stalled) {
      if (unreadBytes <= UNREAD_BYTES_MAX) return;
      unreadBytes -= connection.writableLength;
      connection.destroy();
    }
  }
}

/** Answers bytes that are not HTTP with 400, and closes. */
function refuseRequest(connection: HttpConnection): void {
  if (connection.writable) connection.sendAndClose(formatResponse(badRequest));
  else connection.destroy();
}
