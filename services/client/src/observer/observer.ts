/** An observer: asks about a group, receives its changes, and administers it with the admin token. */

import { EventEmitter } from 'node:events';
import {
  type AdminMessage,
  type ObserverViewMessage,
  type ObserverWelcomeMessage,
  type ReceiptMessage,
} from '@rankd/protocol';
import { checkArgument } from '../arguments/check-argument.js';
import { checkListeners } from '../arguments/check-listeners.js';
import { historyLimitRule, memberIdRule, rankRule, removeReasonRule } from '../arguments/rules.js';
import { ApplicationCallbacks, type ListenerError } from '../callbacks/application-callbacks.js';
import type { Clock, Timer } from '../clock.js';
import { checkPayloadJson } from '../commands/payload.js';
import { PendingCommands, type ResultListener } from '../commands/pending-commands.js';
import type { CommandResult, Sheet } from '../commands/sheet.js';
import type {
  Connection,
  ObserverConnectionListener,
  ObserverHello,
  ObserverMessage,
} from '../connection/connection.js';
import { errorFromServer, RankdError } from '../rankd-error.js';
import { type AdminOrder, checkOrder } from './admin-order.js';
import { type History, PendingQueries, type Roster } from './pending-queries.js';

/** The events of an observer, with the arguments of their listeners. */
export interface ObserverEvents {
  /** The roster has changed (R-VIEW-2). */
  view: [ObserverViewMessage];
  /** The session has ended, with the reason. */
  closed: [RankdError];
  /**
   * A listener, `onReceipt` or `onResult` has thrown, or its promise has rejected. `source` names the event or the function. If nothing
   * listens to this event, the library throws the error by `process.nextTick`: it becomes an uncaught exception.
   */
  listenerError: [ListenerError];
}

/**
 * One session of an observer. When the session ends, `closed` is emitted with the reason, and every open call rejects: a query with the
 * reason, and a call that may have changed something with OUTCOME_UNKNOWN. A later call rejects with NOT_CONNECTED.
 */
export class Observer extends EventEmitter<ObserverEvents> {
  /** The welcome of the server: the group's size, leader, epoch and view, and the server's limits. */
  readonly welcome: ObserverWelcomeMessage;
  readonly #connection: Connection;
  readonly #queries: PendingQueries;
  readonly #commands: PendingCommands;
  readonly #callbacks = new ApplicationCallbacks(this);
  readonly #clock: Clock;
  #lastAdminId = 0;
  #lastPing = 0;

  private constructor(
    connection: Connection,
    welcome: ObserverWelcomeMessage,
    { queries, commands, clock }: { queries: PendingQueries; commands: PendingCommands; clock: Clock },
  ) {
    super();
    this.#connection = connection;
    this.welcome = welcome;
    this.#queries = queries;
    this.#commands = commands;
    this.#clock = clock;
    checkListeners<ObserverEvents>(this, { view: true, closed: true, listenerError: true });
  }

  /**
   * Sends the hello for `observe` and resolves with the observer. Ends the connection with NOT_CONNECTED if the server is silent
   * for `deadMs` (of the welcome).
   */
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
          observer = new Observer(connection, welcome, { queries, commands, clock });
          // `deadMs` is several times the interval of the server's pings.
          restartSilenceTimer(welcome);
          resolve(observer);
        },
        handleMessage: (message, _arrivedAtMs, frame) => {
          if (observer !== undefined) restartSilenceTimer(observer.welcome);
          const callbacks = observer === undefined ? undefined : observer.#callbacks;
          handleMessage(message, { connection, queries, commands, callbacks, frame });
        },
        handleEnd: error => {
          silenceTimer?.cancel();
          queries.rejectAll(error);
          commands.rejectAll(error.code);
          reject(error);
          if (observer !== undefined) observer.#callbacks.emit('closed', error);
        },
      };
      connection.sendHello(hello, listener);
    });
  }

  /**
   * Returns the members of the group by rank (R-ASK-1).
   * @throws RankdError RATE_LIMITED after more than 10 queries in a second; the reason if the session ends
   */
  async roster(): Promise<Roster> {
    this.#checkOpen();
    return this.#queries.rosters.add(() => this.#connection.send({ type: 'roster' }));
  }

  /**
   * Returns the last changes of the group, newest first (R-ASK-1). The server keeps the last 1000.
   * @param limit the largest number of changes to return
   * @throws RankdError RATE_LIMITED after more than 10 queries in a second; the reason if the session ends
   */
  async history(limit: number): Promise<History> {
    checkArgument('limit', limit, historyLimitRule);
    this.#checkOpen();
    return this.#queries.histories.add(() => this.#connection.send({ type: 'history', limit }));
  }

  /**
   * Pings the server and returns the round-trip time in ms (R-LIFE-1).
   * @throws RankdError RATE_LIMITED after more than 100 pings at once or 50 in a second; the reason if the session ends
   */
  async ping(): Promise<number> {
    this.#checkOpen();
    this.#lastPing += 1;
    const n = this.#lastPing;
    const sentAtMs = this.#clock.nowMs();
    await this.#queries.addPing(n, () => this.#connection.send({ type: 'ping', n }));
    return this.#clock.nowMs() - sentAtMs;
  }

  /**
   * Moves a member to another rank (R-ADMIN-1). Resolves when the server has applied the move. If the move changes the leader,
   * the server first waits until the old leader has stopped (R-LEAD-1).
   * @param member the id of the member
   * @throws RankdError the code of the receipt: NO_SUCH_TARGET, FORBIDDEN without the admin token; BAD_ARGUMENT before anything
   *   is sent; OUTCOME_UNKNOWN if the session ends before the receipt arrives
   */
  async move(member: string, rank: number): Promise<ReceiptMessage> {
    checkArgument('member', member, memberIdRule);
    checkArgument('rank', rank, rankRule);
    return this.#sendAdminMessage({ type: 'admin', action: 'move', id: this.#nextAdminId(), member, rank });
  }

  /**
   * Removes a member from the group (R-ADMIN-1). Resolves when the member is removed.
   * @param member the id of the member
   * @param reason sent to the other members as the cause, at most 64 characters
   * @throws RankdError the code of the receipt: NO_SUCH_TARGET, FORBIDDEN without the admin token; BAD_ARGUMENT before anything
   *   is sent; OUTCOME_UNKNOWN if the session ends before the receipt arrives
   */
  async remove(member: string, reason?: string): Promise<ReceiptMessage> {
    checkArgument('member', member, memberIdRule);
    if (reason !== undefined) checkArgument('reason', reason, removeReasonRule);
    const why = reason === undefined ? {} : { reason };
    return this.#sendAdminMessage({ type: 'admin', action: 'remove', id: this.#nextAdminId(), member, ...why });
  }

  /**
   * Accepts the Redis of a server that waits for a lost cluster as the new cluster (R-ADMIN-1). The option `require` of `observe` must
   * contain `adopt`. Otherwise the waiting server refuses the session. Resolves when the server has accepted; it joins within a second.
   * @throws RankdError NO_SUCH_TARGET if the server does not wait for a lost cluster; FORBIDDEN without the admin token; OUTCOME_UNKNOWN if
   * the session ends before the receipt arrives
   */
  async adopt(): Promise<ReceiptMessage> {
    return this.#sendAdminMessage({ type: 'admin', action: 'adopt', id: this.#nextAdminId() });
  }

  /**
   * Sends a command that every member may execute (R-ADMIN-1): the sender's rank is -1. Resolves when every recipient has ended.
   * @throws RankdError the code of the receipt if the server accepts the command for no member; BAD_ARGUMENT and
   *   PAYLOAD_TOO_LARGE before anything is sent; OUTCOME_UNKNOWN if the session ends first, after the results that had arrived were
   *   passed to `onResult`
   */
  async command(order: AdminOrder): Promise<Sheet> {
    checkOrder(order);
    const { name, argsJson, to, deadlineMs, onReceipt, onResult } = order;
    this.#checkOpen();
    const id = this.#commands.nextId();
    const deadline = deadlineMs === undefined ? {} : { deadlineMs };
    const message = { type: 'admin', action: 'command', id, name, to, reply: 'each', ...deadline } as const;
    const { frameBytesMax } = this.welcome;
    const raw = argsJson === undefined ? undefined : checkPayloadJson('args', argsJson, frameBytesMax);
    const callbacks = this.#callbacks;
    const results: CommandResult[] = [];
    const keepResult: ResultListener = (result, valueJson) => {
      results.push(result);
      callbacks.call('onResult', () => onResult(result, valueJson));
    };
    const sheet = this.#commands.add(id, keepResult, { to, results });
    // If the session ends first, the sheet rejects too, so this rejection is ignored.
    this.#queries
      .addReceipt(id, () => this.#connection.send(message, raw))
      .then(
        receipt => callbacks.call('onReceipt', () => onReceipt(receipt)),
        () => undefined,
      );
    return sheet;
  }

  /** Sends `leave` and closes the connection. */
  close(): void {
    this.#connection.send({ type: 'leave' });
    this.#connection.end(new RankdError('LEFT'));
  }

  /** Calls `close` at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The ids of commands are numbers, so these ids have a prefix. */
  #nextAdminId(): string {
    this.#lastAdminId += 1;
    return `admin-${this.#lastAdminId}`;
  }

  /** @throws RankdError NOT_CONNECTED if the session has ended: no answer would arrive */
  #checkOpen(): void {
    if (this.#connection.isEnded) throw new RankdError('NOT_CONNECTED');
  }

  async #sendAdminMessage(message: AdminMessage): Promise<ReceiptMessage> {
    this.#checkOpen();
    const receipt = await this.#queries.addReceipt(message.id, () => this.#connection.send(message));
    if (!receipt.accepted) throw errorFromServer(receipt);
    return receipt;
  }
}

interface ObserverParts {
  readonly connection: Connection;
  readonly queries: PendingQueries;
  readonly commands: PendingCommands;
  readonly callbacks: ApplicationCallbacks | undefined;
  /** The message as the server wrote it. */
  readonly frame: string;
}

function handleMessage(message: ObserverMessage, parts: ObserverParts): void {
  const { connection, queries, commands, callbacks, frame } = parts;
  switch (message.type) {
    case 'ping':
      return connection.send({ type: 'pong', n: message.n });
    case 'view':
      callbacks?.emit('view', message);
      return;
    case 'roster':
      return queries.handleRoster(message);
    case 'history':
      return queries.handleHistory(message);
    case 'receipt':
      queries.handleReceipt(message);
      return commands.handleReceipt(message);
    case 'result':
      return commands.handleResult(message, frame);
    case 'outcome':
      return commands.handleOutcome(message);
    case 'error':
      return queries.handleError(message);
    case 'pong':
      return queries.handlePong(message);
    case 'waiting':
    case 'yield':
    case 'command':
      return;
    default:
      // A later protocol may have more messages. This library ignores them.
      message satisfies never;
  }
}
