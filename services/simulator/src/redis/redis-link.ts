/** The simulated network between a server and Redis. */

import type { ProcessClock, SeededRandom, VirtualClock } from '@rankd/testkit';
import type { RedisDeployment } from './redis-deployment.js';
import { RedisConnection } from './redis-connection.js';
import type { ChannelHold } from './delayed-channel.js';
import type { RedisTampering } from './run-command.js';

/** The fault of the next append of a server: its answer is lost or late, or the append is sent twice. */
export type AppendFate = 'answer-lost' | 'answer-late' | 'said-twice';

/** The functions and values that a RedisLink gets from its server and world. */
export interface LinkPorts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly process: ProcessClock;
  readonly redis: RedisDeployment;
  readonly tampering: RedisTampering;
}

/** The network between one server and Redis: its connections, their delays and their faults. */
export class RedisLink {
  readonly ports: LinkPorts;
  readonly #delayMs: number;
  #connections: RedisConnection[] = [];
  #state: 'open' | 'cut' = 'open';
  #refusal: string | undefined;
  #fate: AppendFate | undefined;

  constructor(ports: LinkPorts) {
    this.ports = ports;
    this.#delayMs = ports.random.pick([0, 1, 1, 4, 15]) ?? 0;
  }

  /** The error with which Redis refuses every script. Undefined if it does not refuse. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Creates a connection that is not connected yet. */
  createConnection(): RedisConnection {
    const connection = new RedisConnection(this);
    if (this.#state === 'cut') connection.hold('cut', 'up', 'down');
    this.#connections.push(connection);
    return connection;
  }

  /** Picks the delay of the next message. */
  pickDelayMs(): number {
    return this.#delayMs + this.ports.random.below(3);
  }

  /** Cuts both directions. Messages arrive after repair(), even if their sender no longer waits for an answer. */
  cut(): void {
    this.#state = 'cut';
    for (const connection of this.#connections) connection.hold('cut', 'up', 'down');
  }

  /** Holds all answers of Redis. */
  holdAnswers(why: ChannelHold): void {
    for (const connection of this.#connections) connection.hold(why, 'down');
  }

  /** Ends a holdAnswers() for the same reason. */
  releaseAnswers(why: ChannelHold): void {
    for (const connection of [...this.#connections]) connection.release(why);
  }

  /** Breaks all connections. Requests in transit may still arrive. */
  breakConnections(): void {
    for (const connection of [...this.#connections]) connection.breakConnection();
  }

  /** Ends all faults of the network and all refusals. */
  repair(): void {
    this.#state = 'open';
    this.#refusal = undefined;
    this.releaseAnswers('cut');
    this.releaseAnswers('late');
    this.#connections = this.#connections.filter(({ isOver }) => !isOver);
  }

  /** Makes Redis refuse all scripts of this server with an error (out of memory, too few replicas). */
  refuseScripts(sentence: string): void {
    this.#refusal = sentence;
  }

  /** Sets what happens to the next append. */
  setAppendFate(fate: AppendFate): void {
    this.#fate = fate;
  }

  /** Returns and clears what happens to the next append. */
  takeAppendFate(): AppendFate | undefined {
    const fate = this.#fate;
    this.#fate = undefined;
    return fate;
  }
}
