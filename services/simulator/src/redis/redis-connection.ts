import { EventEmitter } from 'node:events';
import { appendScript } from '@rankd/server/dist/redis-stream/scripts.js';
import { WALL_START_MS } from '../participants/server-process.js';
import { Lane, type LaneHold } from './lane.js';
import type { AppendFate, RedisLink } from './redis-link.js';
import type { Answer, Read, RedisNode } from './redis-node.js';
import { RedisTransaction } from './redis-transaction.js';
import { Refusal, runCommand, type Argument, type Command } from './run-command.js';

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a node does with a question; it answers when it likes. */
type Question = (node: RedisNode, answer: (answer: Answer) => void) => void;

/** What Redis says when it refuses, as ioredis tells it. */
class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/**
 * One connection with a simulated Redis: as much of ioredis' `Redis` as the streams use, and as they set it: nothing is sent
 * again, nothing waits for another connection.
 */
export class RedisConnection extends EventEmitter {
  readonly #link: RedisLink;
  readonly #up: Lane;
  readonly #down: Lane;
  /** Of whom the answer has not come, first asked first. */
  #asked: Asked[] = [];
  #node: RedisNode | undefined;
  #forget: () => void = () => undefined;
  #lastWrite = 0;
  /** What Redis does on this connection, one after the other. */
  #queue: (() => void)[] = [];
  #isBusy = false;
  status: 'wait' | 'connecting' | 'ready' | 'disconnecting' | 'end' = 'wait';

  constructor(link: RedisLink) {
    super();
    this.#link = link;
    const delayMs = (): number => link.underWayMs();
    this.#up = new Lane(link.ports.clock, delayMs);
    this.#down = new Lane(link.ports.clock, delayMs);
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
          this.#tell(() => reject(new Error('connect ECONNREFUSED')));
          return;
        }
        this.#node = node;
        this.#forget = node.onDeath(() => this.#tell(() => this.#close()));
        this.#tell(() => {
          if (this.status !== 'connecting') return;
          this.status = 'ready';
          resolve();
        });
      });
    });
  }

  /** What was sent may still arrive; nobody hears what comes of it. */
  disconnect(): void {
    if (this.isOver) return;
    this.status = 'disconnecting';
    this.#down.drop();
    this.#link.ports.process.after(0, () => this.#close());
  }

  /** The network ends it. */
  break(): void {
    this.#down.drop();
    this.#link.ports.process.whenRunning(() => this.#close());
  }

  hold(why: LaneHold, ...lanes: readonly ('up' | 'down')[]): void {
    if (lanes.includes('up')) this.#up.hold(why);
    if (lanes.includes('down')) this.#down.hold(why);
  }

  release(why: LaneHold): void {
    this.#up.release(why);
    this.#down.release(why);
  }

  readonly role = async (): Promise<unknown> => await this.#run('role');
  readonly time = async (): Promise<unknown> => await this.#run('time');
  readonly info = async (): Promise<unknown> => await this.#run('info');
  readonly exists = async (key: string): Promise<unknown> => await this.#run('exists', key);
  readonly set = async (...args: Argument[]): Promise<unknown> => await this.#run('set', ...args);
  readonly xadd = async (...args: Argument[]): Promise<unknown> => await this.#run('xadd', ...args);
  readonly xrange = async (...args: Argument[]): Promise<unknown> => await this.#run('xrange', ...args);
  readonly xrevrange = async (...args: Argument[]): Promise<unknown> => await this.#run('xrevrange', ...args);
  readonly hget = async (...args: Argument[]): Promise<unknown> => await this.#run('hget', ...args);
  readonly hexists = async (...args: Argument[]): Promise<unknown> => await this.#run('hexists', ...args);
  readonly hsetnx = async (...args: Argument[]): Promise<unknown> => await this.#run('hsetnx', ...args);
  readonly hmget = async (...args: Argument[]): Promise<unknown> => await this.#run('hmget', ...args);

  async hgetallBuffer(key: string): Promise<unknown> {
    const hash = (await this.#run('hgetall', key)) as Record<string, string | Buffer>;
    return Object.fromEntries(Object.entries(hash).map(([field, value]) => [field, Buffer.from(value)]));
  }

  async eval(script: string, ...args: Argument[]): Promise<unknown> {
    const { refusal, ports } = this.#link;
    if (refusal !== undefined) return await this.#ask((_, answer) => answer({ kind: 'refused', sentence: refusal }));
    const said = ports.tampering.said(script, args);
    const fate = script === appendScript ? this.#link.takeFate() : undefined;
    if (fate !== undefined && fate !== 'said-twice') this.#spoil(fate);
    const answer = this.#run('eval', script, ...said);
    if (fate === 'said-twice') this.#up.send(() => this.#enqueue(() => this.#sayAgain([script, ...said])));
    return await answer;
  }

  async wait(_replicas: number, waitMs: number): Promise<unknown> {
    const { tampering } = this.#link.ports;
    return await this.#ask((node, answer) => node.confirm(tampering.awaited(this.#lastWrite), waitMs, answer));
  }

  async xread(...args: Argument[]): Promise<unknown> {
    const [, count, , blockMs, , ...rest] = args;
    const half = rest.length / 2;
    const logs = rest.slice(0, half).map((log, index) => [String(log), String(rest[half + index])] as const);
    const read: Read = { count: Number(count), blockMs: Number(blockMs), logs };
    return await this.#ask((node, answer) => node.read(read, answer));
  }

  /** All of it in one go. */
  multi(): RedisTransaction {
    return new RedisTransaction(async commands => {
      return await this.#ask((node, answer) => {
        const values = commands.map(command => [null, this.#do(node, command)]);
        answer({ kind: 'value', value: values });
      });
    });
  }

  /** The answer to what is asked next does not come, or late; nor does any behind it. */
  #spoil(fate: Exclude<AppendFate, 'said-twice'>): void {
    const { clock, random } = this.#link.ports;
    this.#down.hold('late');
    if (fate === 'answer-lost') clock.after(LOST_MS, () => this.break());
    else clock.after(random.between(100, LATE_MS_MAX), () => this.#down.release('late'));
  }

  #sayAgain(args: readonly Argument[]): void {
    const node = this.#node;
    if (node?.role === 'master') this.#do(node, { name: 'eval', args });
    this.#done();
  }

  async #run(name: Command['name'], ...args: Argument[]): Promise<unknown> {
    return await this.#ask((node, answer) => {
      try {
        answer({ kind: 'value', value: this.#do(node, { name, args }) });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        answer({ kind: 'refused', sentence: error.message });
      }
    });
  }

  #do(node: RedisNode, command: Command): unknown {
    const { redis, clock, tampering } = this.#link.ports;
    const before = node.state.offset;
    const value = runCommand(node, command, WALL_START_MS + clock.nowMs, tampering.append);
    if (node.state.offset > before) {
      this.#lastWrite = node.state.offset;
      redis.written(node, epochOf(command));
    }
    return value;
  }

  async #ask(question: Question): Promise<unknown> {
    if (this.status !== 'ready') throw new Error('Connection is closed.');
    return await new Promise((resolve, reject) => {
      const asked = { resolve, reject };
      this.#asked.push(asked);
      this.#up.send(() => this.#enqueue(() => this.#put(question, asked)));
    });
  }

  #put(question: Question, asked: Asked): void {
    const node = this.#node;
    if (node === undefined || node.role === 'dead') return;
    question(node, answer => {
      this.#tell(() => this.#answer(asked, answer));
      this.#done();
    });
  }

  /** Redis does what a connection asks for in order; a read that waits holds up what comes behind it. */
  #enqueue(run: () => void): void {
    this.#queue.push(run);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#queue.shift()?.();
  }

  #done(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#isBusy = false;
    else next();
  }

  #answer(asked: Asked, answer: Answer): void {
    if (this.#asked[0] !== asked) return;
    this.#asked.shift();
    if (answer.kind === 'value') asked.resolve(answer.value);
    else asked.reject(new ReplyError(answer.sentence));
  }

  #tell(news: () => void): void {
    this.#down.send(() => this.#link.ports.process.whenRunning(news));
  }

  #close(): void {
    if (this.isOver) return;
    this.status = 'end';
    this.#forget();
    this.#down.drop();
    for (const { reject } of this.#asked.splice(0)) reject(new Error('Connection is closed.'));
    this.emit('close');
  }
}

/** Until the connection breaks that an answer was lost on. */
const LOST_MS = 50;
/** Beyond this a server gives an answer up. */
const LATE_MS_MAX = 3000;

/** For which epoch an append was meant; undefined of everything else. */
function epochOf({ name, args: [script, , , , epoch] }: Command): number | undefined {
  return name === 'eval' && script === appendScript ? Number(epoch) : undefined;
}
