import { EventEmitter } from 'node:events';
import {
  checkClientMessage,
  type AdminMessage,
  type ObserverViewMessage,
  type ObserverWelcomeMessage,
  type ReceiptMessage,
  type Target,
} from '@rankd/protocol';
import { PendingCommands } from '../commands/pending-commands.js';
import {
  Connection,
  type ObserverHello,
  type ObserverConnectionListener,
  type ObserverMessage,
} from '../connection/connection.js';
import { PendingQueries, type History, type Roster } from './pending-queries.js';
import type { TlsSource } from '../connection/dial.js';
import { payloadOfJson } from '../commands/payload.js';
import { errorFromServer, RankdError } from '../rankd-error.js';
import { parseServerAddresses } from '../connection/server-address.js';
import type { CommandResult, Sheet } from '../commands/sheet.js';

export type { History, Roster } from './pending-queries.js';
export { Sheet, type CommandResult, type Ending } from '../commands/sheet.js';
export { RankdError } from '../rankd-error.js';

const CONNECT_MS = 5000;

export interface ObserveOptions {
  /** `default` unless named. */
  readonly group?: string;
  /** The admin token lets it move, remove and command; otherwise what lets any session in. */
  readonly token?: string | undefined;
  readonly tls?: TlsSource;
  readonly signal?: AbortSignal;
}

/** What an administrator orders everybody, or some, to do (R-ADMIN-1). */
export interface AdminOrder {
  readonly name: string;
  /** JSON, sent as it is. */
  readonly argsJson?: string | undefined;
  readonly to: Target;
  /** How long recipients have, ms; 5000 unless named. */
  readonly deadlineMs?: number | undefined;
  /** Hears what became of it at its place in the order, also where nobody may execute it. */
  readonly onReceipt: (receipt: ReceiptMessage) => void;
  /** Hears of each recipient as it ends. */
  readonly onResult: (result: CommandResult) => void;
}

export interface ObserverEvents {
  /** The roster has changed (R-VIEW-2). */
  view: [ObserverViewMessage];
  /** The session is over. */
  closed: [RankdError];
}

/**
 * Watches a group without being in it: an observer has no rank and does not count (R-JOIN-1). One session: it does not come
 * back by itself. Of several URLs the first that answers is taken.
 * @throws RankdError what the server said; CONNECT_FAILED; BAD_ARGUMENT; ABORTED
 */
export async function observe(url: string, options: ObserveOptions = {}): Promise<Observer> {
  const { group, token, tls = {}, signal = new AbortController().signal } = options;
  const hello: ObserverHello = {
    type: 'hello',
    protocol: 1,
    role: 'observer',
    ...(group === undefined ? {} : { group }),
    ...(token === undefined ? {} : { token }),
  };
  const checked = checkClientMessage(hello);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
  const failures: unknown[] = [];
  for (const address of parseServerAddresses(url)) {
    try {
      return await Observer.greet(await Connection.open(address, { tls, dial: undefined }, signal, CONNECT_MS), hello);
    } catch (error) {
      if (!(error instanceof RankdError) || !error.retry) throw error;
      failures.push(error);
    }
  }
  throw failures[0];
}

/** One session of an observer. Every question rejects with why the session ended, where it ends first. */
export class Observer extends EventEmitter<ObserverEvents> {
  readonly welcome: ObserverWelcomeMessage;
  readonly #link: Connection;
  readonly #answers: PendingQueries;
  readonly #book: PendingCommands;
  #asked = 0;

  private constructor(
    link: Connection,
    welcome: ObserverWelcomeMessage,
    answers: PendingQueries,
    book: PendingCommands,
  ) {
    super();
    this.#link = link;
    this.welcome = welcome;
    this.#answers = answers;
    this.#book = book;
  }

  /** For `observe`. */
  static async greet(link: Connection, hello: ObserverHello): Promise<Observer> {
    return new Promise((resolve, reject) => {
      const answers = new PendingQueries();
      const book = new PendingCommands();
      let observer: Observer | undefined;
      let silence: NodeJS.Timeout | undefined;
      const listener: ObserverConnectionListener = {
        welcomed: welcome => {
          observer = new Observer(link, welcome, answers, book);
          // The server pings far more often than that.
          const unheard = new RankdError('NOT_CONNECTED', `the server has been silent for ${welcome.deadMs} ms`);
          silence = setTimeout(() => link.end(unheard), welcome.deadMs);
          resolve(observer);
        },
        took: message => {
          silence?.refresh();
          take(message, { link, answers, book, observer });
        },
        ended: error => {
          clearTimeout(silence);
          answers.abandon(error);
          book.abandon(error);
          observer?.emit('closed', error);
          reject(error);
        },
      };
      link.start(hello, listener);
    });
  }

  /** R-ASK-1 */
  async roster(): Promise<Roster> {
    return this.#answers.rosters.ask(() => this.#link.send({ type: 'roster' }));
  }

  /** R-ASK-1: the last changes, `limit` of them at most. */
  async history(limit: number): Promise<History> {
    return this.#answers.histories.ask(() => this.#link.send({ type: 'history', limit }));
  }

  /** R-ADMIN-1. Resolves once it is done; a leader is waited for until it has stopped (R-LEAD-1). */
  async move(member: string, rank: number): Promise<ReceiptMessage> {
    return this.#administer({ type: 'admin', action: 'move', id: this.#nextId(), member, rank });
  }

  /** R-ADMIN-1 */
  async remove(member: string, reason?: string): Promise<ReceiptMessage> {
    const why = reason === undefined ? {} : { reason };
    return this.#administer({ type: 'admin', action: 'remove', id: this.#nextId(), member, ...why });
  }

  /**
   * R-ADMIN-1: orders from above everyone; resolves with how each recipient ended.
   * @throws RankdError the receipt's code where nobody may execute it; BAD_ARGUMENT, PAYLOAD_TOO_LARGE without sending it
   */
  async command({ name, argsJson, to, deadlineMs, onReceipt, onResult }: AdminOrder): Promise<Sheet> {
    const id = this.#book.nextId();
    const deadline = deadlineMs === undefined ? {} : { deadlineMs };
    const message = { type: 'admin', action: 'command', id, name, to, reply: 'each', ...deadline } as const;
    checkOrThrow(message);
    const { frameBytesMax } = this.welcome;
    const raw = argsJson === undefined ? undefined : payloadOfJson('args', argsJson, frameBytesMax);
    const sheet = this.#book.enter(id, onResult);
    // Where the session ends first, the sheet says so.
    this.#answers.receiptOf(id, () => this.#link.send(message, raw)).then(onReceipt, () => undefined);
    return sheet;
  }

  close(): void {
    this.#link.send({ type: 'leave' });
    this.#link.end(new RankdError('LEFT'));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Apart from those of the command book, which are numbers. */
  #nextId(): string {
    this.#asked += 1;
    return `admin-${this.#asked}`;
  }

  async #administer(message: AdminMessage): Promise<ReceiptMessage> {
    checkOrThrow(message);
    const receipt = await this.#answers.receiptOf(message.id, () => this.#link.send(message));
    if (!receipt.accepted) throw errorFromServer(receipt);
    return receipt;
  }
}

function checkOrThrow(message: AdminMessage): void {
  const checked = checkClientMessage(message);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
}

interface Session {
  readonly link: Connection;
  readonly answers: PendingQueries;
  readonly book: PendingCommands;
  readonly observer: Observer | undefined;
}

function take(message: ObserverMessage, { link, answers, book, observer }: Session): void {
  switch (message.type) {
    case 'ping':
      return link.send({ type: 'pong', n: message.n });
    case 'view':
      observer?.emit('view', message);
      return;
    case 'roster':
      return answers.takeRoster(message);
    case 'history':
      return answers.takeHistory(message);
    case 'receipt':
      answers.takeReceipt(message);
      return book.receipt(message);
    case 'result':
      return book.result(message);
    case 'outcome':
      return book.outcome(message);
    case 'error':
      return answers.takeError(message);
    case 'waiting':
    case 'pong':
    case 'yield':
    case 'command':
      return;
    default:
      // A message of a later protocol is not for this library.
      message satisfies never;
  }
}
