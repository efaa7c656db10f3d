/** A simulated connection to Redis, in place of an ioredis client. */

import { EventEmitter } from 'node:events';
import { appendScript } from 'rankd/dist/redis-stream/scripts.js';
import { type ChannelHold, DelayedChannel } from './delayed-channel.js';
import type { AppendFate, RedisLink } from './redis-link.js';
import type { Answer, Read, RedisNode } from './redis-node.js';
import { RedisTransaction } from './redis-transaction.js';
import { type Argument, type Command, Refusal, runCommand } from './run-command.js';

interface PendingAnswer {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Runs a request on a node. The node answers now or later. */
type Request = (node: RedisNode, answer: (answer: Answer) => void) => void;

/** The error of ioredis for an error reply. */
class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/**
 * A connection to the simulated Redis. It implements the part of ioredis' `Redis` that the streams use, with their options: it
 * does not resend a command, and no command waits for a new connection.
 */
export class RedisConnection extends EventEmitter {
  readonly #link: RedisLink;
  readonly #up: DelayedChannel;
  readonly #down: DelayedChannel;
  /** The requests without an answer, oldest first. */
  #unanswered: PendingAnswer[] = [];
  #node: RedisNode | undefined;
  #stopWatchingNode: () => void = () => undefined;
  #lastWrite = 0;
  /** The requests that Redis runs on this connection, one after the other. */
  #queue: (() => void)[] = [];
  #isBusy = false;
  status: 'wait' | 'connecting' | 'ready' | 'disconnecting' | 'end' = 'wait';

  constructor(link: RedisLink) {
    super();
    this.#link = link;
    const delayMs = (): number => link.pickDelayMs();
    this.#up = new DelayedChannel(link.ports.clock, delayMs);
    this.#down = new DelayedChannel(link.ports.clock, delayMs);
  }

  get isOver(): boolean {
    return this.status === 'end';
  }

  async connect(): Promise<void> {
    this.status = 'connecting';
    await new Promise<void>((resolve, reject) => {
      this.#up.send(() => {
        const node = this.#link.ports.redis.primary;
        if (node.role === 'dead') {
          this.#sendBack(() => reject(new Error('connect ECONNREFUSED')));
          return;
        }
        this.#node = node;
        this.#stopWatchingNode = node.onDeath(() => this.#sendBack(() => this.#close()));
        this.#sendBack(() => {
          if (this.status !== 'connecting') return;
          this.status = 'ready';
          resolve();
        });
      });
    });
  }

  /** Closes the connection. Sent requests may still arrive, but their answers are dropped. */
  disconnect(): void {
    if (this.isOver) return;
    this.status = 'disconnecting';
    this.#down.drop();
    this.#link.ports.process.after(0, () => this.#close());
  }

  /** Breaks the connection, as the network does. */
  breakConnection(): void {
    this.#down.drop();
    this.#link.ports.process.whenRunning(() => this.#close());
  }

  hold(why: ChannelHold, ...lanes: readonly ('up' | 'down')[]): void {
    if (lanes.includes('up')) this.#up.hold(why);
    if (lanes.includes('down')) this.#down.hold(why);
  }

  release(why: ChannelHold): void {
    this.#up.release(why);
    this.#down.release(why);
  }

  readonly role = async (): Promise<unknown> => await this.#runCommand('role');
  readonly time = async (): Promise<unknown> => await this.#runCommand('time');
  readonly info = async (): Promise<unknown> => await this.#runCommand('info');
  readonly exists = async (key: string): Promise<unknown> => await this.#runCommand('exists', key);
  readonly set = async (...args: Argument[]): Promise<unknown> => await this.#runCommand('set', ...args);
  readonly xadd = async (...args: Argument[]): Promise<unknown> => await this.#runCommand('xadd', ...args);
  readonly xrange = async (...args: Argument[]): Promise<unknown> => await this.#runCommand('xrange', ...args);
  readonly xrevrange = async (...args: Argument[]): Promise<unknown> => await this.#runCommand('xrevrange', ...args);
  readonly get = async (key: string): Promise<unknown> => await this.#runCommand('get', key);
  readonly hget = async (...args: Argument[]): Promise<unknown> => await this.#runCommand('hget', ...args);
  readonly hexists = async (...args: Argument[]): Promise<unknown> => await this.#runCommand('hexists', ...args);
  readonly hsetnx = async (...args: Argument[]): Promise<unknown> => await this.#runCommand('hsetnx', ...args);
  readonly hmget = async (...args: Argument[]): Promise<unknown> => await this.#runCommand('hmget', ...args);

  async hgetallBuffer(key: string): Promise<unknown> {
    const hash = (await this.#runCommand('hgetall', key)) as Record<string, string | Buffer>;
    return Object.fromEntries(Object.entries(hash).map(([field, value]) => [field, Buffer.from(value)]));
  }

  async eval(script: string, ...args: Argument[]): Promise<unknown> {
    const { refusal, ports } = this.#link;
    if (refusal !== undefined)
      return await this.#sendRequest((_, answer) => answer({ kind: 'refused', sentence: refusal }));
    const said = ports.tampering.tamperScriptArguments(script, args);
    const fate = script === appendScript ? this.#link.takeAppendFate() : undefined;
    if (fate !== undefined && fate !== 'said-twice') this.#applyFate(fate);
    const answer = this.#runCommand('eval', script, ...said);
    if (fate === 'said-twice') this.#up.send(() => this.#enqueue(() => this.#repeatScript([script, ...said])));
    return await answer;
  }

  async wait(_replicas: number, waitMs: number): Promise<unknown> {
    const { tampering } = this.#link.ports;
    return await this.#sendRequest((node, answer) =>
      node.waitForReplica(tampering.tamperAwaitedOffset(this.#lastWrite), waitMs, answer),
    );
  }

  async xread(...args: Argument[]): Promise<unknown> {
    const [, count, , blockMs, , ...rest] = args;
    const half = rest.length / 2;
    const logs = rest.slice(0, half).map((log, index) => [String(log), String(rest[half + index])] as const);
    const read: Read = { count: Number(count), blockMs: Number(blockMs), logs };
    return await this.#sendRequest((node, answer) => node.readStreams(read, answer));
  }

  /** Returns a transaction, which runs its commands together. */
  multi(): RedisTransaction {
    return new RedisTransaction(async commands => {
      return await this.#sendRequest((node, answer) => {
        const values = commands.map(command => [null, this.#execute(node, command)]);
        answer({ kind: 'value', value: values });
      });
    });
  }

  /** Loses or delays the answer to the next request, and all answers after it. */
  #applyFate(fate: Exclude<AppendFate, 'said-twice'>): void {
    const { clock, random } = this.#link.ports;
    this.#down.hold('late');
    if (fate === 'answer-lost') clock.after(LOST_MS, () => this.breakConnection());
    else clock.after(random.between(100, LATE_MS_MAX), () => this.#down.release('late'));
  }

  #repeatScript(args: readonly Argument[]): void {
    const node = this.#node;
    if (node?.role === 'master') this.#execute(node, { name: 'eval', args });
    this.#finishRequest();
  }

  async #runCommand(name: Command['name'], ...args: Argument[]): Promise<unknown> {
    return await this.#sendRequest((node, answer) => {
      try {
        answer({ kind: 'value', value: this.#execute(node, { name, args }) });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        answer({ kind: 'refused', sentence: error.message });
      }
    });
  }

  #execute(node: RedisNode, command: Command): unknown {
    const { redis, tampering } = this.#link.ports;
    const before = node.state.offset;
    const value = runCommand(node, command, redis.wall.nowMs, tampering.append);
    if (node.state.offset > before) {
      this.#lastWrite = node.state.offset;
      redis.handleWritten(node, epochOf(command));
    }
    return value;
  }

  async #sendRequest(question: Request): Promise<unknown> {
    if (this.status !== 'ready') throw new Error('Connection is closed.');
    return await new Promise((resolve, reject) => {
      const asked = { resolve, reject };
      this.#unanswered.push(asked);
      this.#up.send(() => this.#enqueue(() => this.#startRequest(question, asked)));
    });
  }

  #startRequest(question: Request, asked: PendingAnswer): void {
    const node = this.#node;
    if (node === undefined || node.role === 'dead') return;
    question(node, answer => {
      this.#sendBack(() => this.#settleAnswer(asked, answer));
      this.#finishRequest();
    });
  }

  /** Queues a request. Redis runs the requests of a connection in order, so a blocking read delays those after it. */
  #enqueue(run: () => void): void {
    this.#queue.push(run);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#queue.shift()?.();
  }

  #finishRequest(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#isBusy = false;
    else next();
  }

  #settleAnswer(asked: PendingAnswer, answer: Answer): void {
    if (this.#unanswered[0] !== asked) return;
    this.#unanswered.shift();
    if (answer.kind === 'value') asked.resolve(answer.value);
    else asked.reject(new ReplyError(answer.sentence));
  }

  #sendBack(news: () => void): void {
    this.#down.send(() => this.#link.ports.process.whenRunning(news));
  }

  #close(): void {
    if (this.isOver) return;
    this.status = 'end';
    this.#stopWatchingNode();
    this.#down.drop();
    for (const { reject } of this.#unanswered.splice(0)) reject(new Error('Connection is closed.'));
    this.emit('close');
  }
}

/** The time from a lost answer until the connection breaks, ms. */
const LOST_MS = 50;
/** The longest delay of a late answer, ms. It is longer than a server waits for an answer. */
const LATE_MS_MAX = 3000;

/** Returns the epoch of an append. Undefined for other commands. */
function epochOf({ name, args: [script, , , , epoch] }: Command): number | undefined {
  return name === 'eval' && script === appendScript ? Number(epoch) : undefined;
}
