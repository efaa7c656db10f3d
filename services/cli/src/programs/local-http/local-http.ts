/** Answers the program's requests: `--http` (R-PROG-9). */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Membership } from '@rankd/client';
import { argsFromText, RankdError } from '@rankd/client/internal';
import { assertNever } from '@rankd/protocol';
import { readSelf } from '../self-report.js';
import { AccessKey } from './access-key.js';
import { errorAnswer, jsonAnswer, refusalAnswer, type Answer } from './answers.js';
import { parseCommandQuery } from './command-query.js';
import { EventStreams, STREAMS_MAX } from './event-streams.js';
import { HttpListener, sendAnswer } from './http-listener.js';
import { type ListenAddress, urlOf } from './listen-address.js';
import { readBody } from './read-body.js';
import { findRoute, isAnswer, type Route } from './routes.js';

/** How many commands may be open at once. It is below the limit of connections, so that probes are answered too. */
export const COMMANDS_MAX = 32;

/** What the requests need of the member and its runner. */
export interface LocalHttpPorts {
  readonly membership: Membership;
  /** The group that the member joins. */
  readonly group: string;
  /** Whether this member leads. In `rankctl lead`: whether it leads and its program runs. */
  readonly leads: () => boolean;
  /** Stops the work of the leader, then gives up rank 0 (R-RESIGN-1). */
  readonly resign: () => Promise<void>;
}

/** The variables by which the program finds the port. */
export type LocalHttpVariables = Readonly<Record<'RANKD_HTTP' | 'RANKD_HTTP_KEY', string>>;

/** The HTTP port of rankctl. */
export class LocalHttp {
  readonly #key = new AccessKey();
  readonly #listener = new HttpListener((request, response) => void this.#respond(request, response));
  readonly #host: string;
  #port: number;
  #answering: { readonly ports: LocalHttpPorts; readonly streams: EventStreams } | undefined;
  #commands = 0;

  private constructor({ host, port }: ListenAddress) {
    this.#host = host;
    this.#port = port;
  }

  /**
   * Starts to listen. Until `answerFor` is called, a request is answered with 503.
   * @throws ProgramEnd 78 if the address is not available
   */
  static async listen(address: ListenAddress): Promise<LocalHttp> {
    const http = new LocalHttp(address);
    http.#port = await http.#listener.listen(address);
    return http;
  }

  /** The URL for a program of this machine. */
  get url(): string {
    return urlOf({ host: this.#host, port: this.#port });
  }

  /** Answers requests about this member from now on. */
  answerFor(ports: LocalHttpPorts): void {
    const streams = new EventStreams(ports.membership, () => readSelf(ports.membership, ports.group));
    this.#answering = { ports, streams };
  }

  /** Returns the variables for a program that starts, with a new key. */
  variablesForStart(): LocalHttpVariables {
    this.#key.replace();
    return this.variables;
  }

  /** The variables of the program that was started last. */
  get variables(): LocalHttpVariables {
    return { RANKD_HTTP: this.url, RANKD_HTTP_KEY: this.#key.secret };
  }

  /** Ends all streams and closes the port. */
  async close(): Promise<void> {
    this.#answering?.streams.close();
    await this.#listener.close();
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const route = findRoute(request, this.#key);
    if (isAnswer(route)) {
      await sendAnswer(request, response, route);
      return;
    }
    const answering = this.#answering;
    if (answering === undefined) {
      await sendAnswer(request, response, notJoined);
      return;
    }
    const { ports, streams } = answering;
    if (route.kind === 'events' && request.method === 'GET' && !streams.isFull) {
      streams.open(response);
      return;
    }
    const answer = await this.#answer(route, ports, { request, response }).catch(refusalAnswer);
    await sendAnswer(request, response, answer);
  }

  async #answer(route: Route, ports: LocalHttpPorts, exchange: Exchange): Promise<Answer> {
    const { membership, group } = ports;
    switch (route.kind) {
      case 'self':
        return jsonAnswer(200, readSelf(membership, group));
      case 'leads':
        return ports.leads() ? plainAnswer(200, '1') : plainAnswer(503, '0');
      case 'roster':
        return jsonAnswer(200, await membership.roster());
      case 'events':
        return exchange.request.method === 'HEAD' ? plainAnswer(200, '') : streamsFull;
      case 'resign':
        await ports.resign();
        return jsonAnswer(200, readSelf(membership, group));
      case 'command':
        return await this.#sendCommand(route, membership, exchange);
      default:
        return assertNever(route);
    }
  }

  async #sendCommand(
    { name, query }: Extract<Route, { kind: 'command' }>,
    membership: Membership,
    { request, response }: Exchange,
  ): Promise<Answer> {
    if (this.#commands >= COMMANDS_MAX) return commandsFull;
    this.#commands += 1;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const options = { ...parseCommandQuery(query), signal: gone.signal };
      const body = await readBody(request, response);
      const args = body.trim() === '' ? undefined : argsFromText(body);
      return jsonAnswer(200, await membership.command(name, args, options));
    } finally {
      this.#commands -= 1;
    }
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function plainAnswer(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

const notJoined = refusalAnswer(new RankdError('NOT_CONNECTED'));
const streamsFull = errorAnswer(503, 'FULL', `the limit of ${STREAMS_MAX} streams is reached: close one`);
const commandsFull = errorAnswer(503, 'FULL', `the limit of ${COMMANDS_MAX} open commands is reached: wait for one`);
