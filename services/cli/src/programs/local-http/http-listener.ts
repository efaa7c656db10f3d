/** Listens for the program and limits its connections, so that slow or idle clients cannot pile up. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { configurationEnd } from '../program-end.js';
import { errorAnswer, formatResponse, headersOf, type Answer } from './answers.js';
import type { ListenAddress } from './listen-address.js';

/** The largest number of open connections. Above it, the connection that has waited longest without a request is closed. */
export const CONNECTIONS_MAX = 64;
/** How long a client may take for its request, head and body, ms. */
export const REQUEST_MS = 5000;
/** How long a client may take to read an answer, ms. */
const ANSWER_MS = 10_000;
/** How long the rest of a refused body is read, ms. An earlier close could reset the connection before the client has read the answer. */
const DISCARD_MS = 1000;
/** How often Node checks these limits, ms. */
const CHECK_EVERY_MS = 1000;
const HEAD_BYTES_MAX = 16_384;

/** Answers a request. */
export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** Listens on one port. A connection has one request. */
export class HttpListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The connections without a complete head of a request, oldest first. */
  readonly #waiting = new Set<Socket>();

  constructor(respond: Respond) {
    this.#server = createServer({
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      maxHeaderSize: HEAD_BYTES_MAX,
      // HTTP/1.0 has no Host header. The routes check it.
      requireHostHeader: false,
    });
    // Node closes a connection after its first answer, and rejects further requests itself.
    this.#server.maxRequestsPerSocket = 1;
    const begin = (request: IncomingMessage, response: ServerResponse): void => {
      this.#waiting.delete(request.socket);
      response.shouldKeepAlive = false;
      respond(request, response);
    };
    for (const event of ['request', 'checkContinue']) this.#server.on(event, begin);
    this.#server.on('connection', socket => this.#accept(socket));
    this.#server.on('clientError', refuse);
  }

  /**
   * Starts to listen. Resolves with the port.
   * @throws ProgramEnd 78 if the address is not available
   */
  async listen({ host, port }: ListenAddress): Promise<number> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host, port }, resolve);
      });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw configurationEnd(`--http cannot listen on ${host} port ${port} (${whyNot(code) ?? message})`);
    }
    return (this.#server.address() as AddressInfo).port;
  }

  /** Closes every connection and the port. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    this.#waiting.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#waiting.delete(socket);
    });
    if (this.#sockets.size <= CONNECTIONS_MAX) return;
    const [oldest = socket] = this.#waiting;
    // The socket emits `close` only later.
    this.#sockets.delete(oldest);
    this.#waiting.delete(oldest);
    oldest.destroy();
  }
}

/** Sends an answer and closes the connection. A client that has not read it after ANSWER_MS is disconnected. */
export async function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  if (!request.complete) await discardBody(request);
  const late = setTimeout(() => response.destroy(), ANSWER_MS);
  late.unref();
  response.once('close', () => clearTimeout(late));
  response.writeHead(answer.status, headersOf(answer)).end(request.method === 'HEAD' ? undefined : answer.body);
}

async function discardBody(request: IncomingMessage): Promise<void> {
  await new Promise<void>(resolve => {
    const late = setTimeout(resolve, DISCARD_MS);
    late.unref();
    for (const event of ['end', 'close', 'error']) request.once(event, () => resolve());
    request.resume();
  });
}

/** Answers bytes that are no request, or that came too late. */
function refuse({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(formatResponse(requestFault(code)), () => socket.destroy());
}

function requestFault(code: string | undefined): Answer {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return errorAnswer(408, 'REQUEST_TIMEOUT', `the request was not complete within ${REQUEST_MS / 1000} s`);
    case 'HPE_HEADER_OVERFLOW':
      return errorAnswer(431, 'HEAD_TOO_LARGE', `the head of the request has more than ${HEAD_BYTES_MAX} bytes`);
    default:
      return errorAnswer(400, 'BAD_REQUEST', 'this is not an HTTP request');
  }
}

function whyNot(code: string | undefined): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return 'EADDRINUSE: another process uses the port';
    case 'EACCES':
      return 'EACCES: this user may not open the port; use one above 1023';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${code}: this machine does not have the address`;
    default:
      return undefined;
  }
}
