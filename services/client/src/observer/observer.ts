import { EventEmitter } from 'node:events';
import {
  type AdminMessage,
  checkClientMessage,
  type ObserverViewMessage,
  type ObserverWelcomeMessage,
  type ReceiptMessage,
  type Target,
} from '@rankd/protocol';
import type { Clock, Timer } from '../clock.js';
import { checkPayloadJson } from '../commands/payload.js';
import { PendingCommands } from '../commands/pending-commands.js';
import type { CommandResult, Sheet } from '../commands/sheet.js';
import type {
  Connection,
  ObserverConnectionListener,
  ObserverHello,
  ObserverMessage,
} from '../connection/connection.js';
import { errorFromServer, RankdError } from '../rankd-error.js';
import { type History, PendingQueries, type Roster } from './pending-queries.js';

/** A command of an administrator (R-ADMIN-1). */
export interface AdminOrder {
  readonly name: string;
  /** The arguments as JSON text. They are sent as they are. */
  readonly argsJson?: string | undefined;
  readonly to: Target;
  /** How long recipients may take, ms. Default: 5000. */
  readonly deadlineMs?: number | undefined;
  /** Called with the receipt, accepted or not. */
  readonly onReceipt: (receipt: ReceiptMessage) => void;
  /** Called with the result of each recipient when it ends. */
  readonly onResult: (result: CommandResult) => void;
}

/** The events of an observer. */
export interface ObserverEvents {
  /** The roster has changed (R-VIEW-2). */
  view: [ObserverViewMessage];
  /** The session has ended. */
  closed: [RankdError];
}

/** One session of an observer. When the session ends, every open question is rejected with the reason. */
export class Observer extends EventEmitter<ObserverEvents> {
  readonly welcome: ObserverWelcomeMessage;
  readonly #connection: Connection;
  readonly #queries: PendingQueries;
  readonly #commands: PendingCommands;
  #lastAdminId = 0;

  private constructor(
    connection: Connection,
    welcome: ObserverWelcomeMessage,
    queries: PendingQueries,
    commands: PendingCommands,
  ) {
    super();
    this.#connection = connection;
    this.welcome = welcome;
    this.#queries = queries;
    this.#commands = commands;
  }

  /** For `observe`: sends the hello. Resolves with the welcome, and ends the connection when the server is silent for `deadMs`. */
  static async greet(connection: Connection, hello: ObserverHello, clock: Clock): Promise<Observer> {
    return new Promise((resolve, reject) => {
      const queries = new PendingQueries();
      const commands = new PendingCommands();
      let observer: Observer | undefined;
      let silenceTimer: Timer | undefined;
      const restartSilenceTimer = ({ deadMs }: ObserverWelcomeMessage): void => {
        const silent = new RankdError('NOT_CONNECTED', `the server has been silent for ${deadMs} ms`);
        silenceTimer?.cancel();
        silenceTimer = clock.after(deadMs, () => connection.end(silent));
      };
      const listener: ObserverConnectionListener = {
        handleWelcome: welcome => {
          observer = new Observer(connection, welcome, queries, commands);
          // The server sends pings far more often.
          restartSilenceTimer(welcome);
          resolve(observer);
        },
        handleMessage: message => {
          if (observer !== undefined) restartSilenceTimer(observer.welcome);
          handleMessage(message, { connection, queries, commands, observer });
        },
        handleEnd: error => {
          silenceTimer?.cancel();
          queries.rejectAll(error);
          commands.rejectAll(error);
          observer?.emit('closed', error);
          reject(error);
        },
      };
      connection.sendHello(hello, listener);
    });
  }

  /**
   * Returns the members of the group in order of rank (R-ASK-1).
   * @throws RankdError the server's code; NOT_CONNECTED
   */
  async roster(): Promise<Roster> {
    return this.#queries.rosters.add(() => this.#connection.send({ type: 'roster' }));
  }

  /**
   * Returns the last changes of the group, newest first and at most `limit` of them (R-ASK-1).
   * @throws RankdError the server's code; NOT_CONNECTED
   */
  async history(limit: number): Promise<History> {
    return this.#queries.histories.add(() => this.#connection.send({ type: 'history', limit }));
  }

  /**
   * Moves a member to a rank (R-ADMIN-1). Resolves when the move is applied. If it changes the leader, the server first waits
   * until the old leader has stopped (R-LEAD-1).
   * @throws RankdError the receipt's code; BAD_ARGUMENT, before anything is sent
   */
  async move(member: string, rank: number): Promise<ReceiptMessage> {
    return this.#sendAdminMessage({ type: 'admin', action: 'move', id: this.#nextAdminId(), member, rank });
  }

  /**
   * Removes a member (R-ADMIN-1). Resolves when the member is removed.
   * @throws RankdError the receipt's code; BAD_ARGUMENT, before anything is sent
   */
  async remove(member: string, reason?: string): Promise<ReceiptMessage> {
    const why = reason === undefined ? {} : { reason };
    return this.#sendAdminMessage({ type: 'admin', action: 'remove', id: this.#nextAdminId(), member, ...why });
  }

  /**
   * Sends a command above every rank (R-ADMIN-1). Resolves with how each recipient ended.
   * @throws RankdError the receipt's code if no member may execute the command; BAD_ARGUMENT and PAYLOAD_TOO_LARGE, before
   *   anything is sent
   */
  async command({ name, argsJson, to, deadlineMs, onReceipt, onResult }: AdminOrder): Promise<Sheet> {
    const id = this.#commands.nextId();
    const deadline = deadlineMs === undefined ? {} : { deadlineMs };
    const message = { type: 'admin', action: 'command', id, name, to, reply: 'each', ...deadline } as const;
    checkOrThrow(message);
    const { frameBytesMax } = this.welcome;
    const raw = argsJson === undefined ? undefined : checkPayloadJson('args', argsJson, frameBytesMax);
    const sheet = this.#commands.add(id, onResult);
    // If the session ends first, the sheet is rejected with the reason.
    this.#queries.addReceipt(id, () => this.#connection.send(message, raw)).then(onReceipt, () => undefined);
    return sheet;
  }

  /** Leaves and closes the connection. */
  close(): void {
    this.#connection.send({ type: 'leave' });
    this.#connection.end(new RankdError('LEFT'));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Differs from the ids of commands, which are numbers. */
  #nextAdminId(): string {
    this.#lastAdminId += 1;
    return `admin-${this.#lastAdminId}`;
  }

  async #sendAdminMessage(message: AdminMessage): Promise<ReceiptMessage> {
    checkOrThrow(message);
    const receipt = await this.#queries.addReceipt(message.id, () => this.#connection.send(message));
    if (!receipt.accepted) throw errorFromServer(receipt);
    return receipt;
  }
}

function checkOrThrow(message: AdminMessage): void {
  const checked = checkClientMessage(message);
  if (checked.kind === 'bad') throw new RankdError('BAD_ARGUMENT', checked.detail);
}

interface ObserverParts {
  readonly connection: Connection;
  readonly queries: PendingQueries;
  readonly commands: PendingCommands;
  readonly observer: Observer | undefined;
}

function handleMessage(message: ObserverMessage, { connection, queries, commands, observer }: ObserverParts): void {
  switch (message.type) {
    case 'ping':
      return connection.send({ type: 'pong', n: message.n });
    case 'view':
      observer?.emit('view', message);
      return;
    case 'roster':
      return queries.handleRoster(message);
    case 'history':
      return queries.handleHistory(message);
    case 'receipt':
      queries.handleReceipt(message);
      return commands.handleReceipt(message);
    case 'result':
      return commands.handleResult(message);
    case 'outcome':
      return commands.handleOutcome(message);
    case 'error':
      return queries.handleError(message);
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
