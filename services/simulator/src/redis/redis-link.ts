import type { ProcessClock, SeededRandom, VirtualClock } from '@rankd/testkit';
import type { RedisDeployment } from './redis-deployment.js';
import { RedisConnection } from './redis-connection.js';
import type { LaneHold } from './lane.js';
import type { RedisTampering } from './run-command.js';

/** What becomes of the next append of a server: its answer is lost, or comes late, or somebody between says it twice. */
export type AppendFate = 'answer-lost' | 'answer-late' | 'said-twice';

export interface LinkPorts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly process: ProcessClock;
  readonly redis: RedisDeployment;
  readonly tampering: RedisTampering;
}

/** How one server's machine reaches Redis: its connections, and what holds them up. */
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

  /** What Redis says to every script, where it takes none. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  connection(): RedisConnection {
    const connection = new RedisConnection(this);
    if (this.#state === 'cut') connection.hold('cut', 'up', 'down');
    this.#connections.push(connection);
    return connection;
  }

  underWayMs(): number {
    return this.#delayMs + this.ports.random.below(3);
  }

  /** Nothing passes; what is sent arrives once it is mended, even where whoever sent it has given up. */
  cut(): void {
    this.#state = 'cut';
    for (const connection of this.#connections) connection.hold('cut', 'up', 'down');
  }

  /** Answers, and what is to be read, do not come. */
  delay(why: LaneHold): void {
    for (const connection of this.#connections) connection.hold(why, 'down');
  }

  /** Ends that. */
  hasten(why: LaneHold): void {
    for (const connection of [...this.#connections]) connection.release(why);
  }

  /** All of its connections break at once; what is under way may arrive. */
  reset(): void {
    for (const connection of [...this.#connections]) connection.break();
  }

  mend(): void {
    this.#state = 'open';
    this.#refusal = undefined;
    this.hasten('cut');
    this.hasten('late');
    this.#connections = this.#connections.filter(({ isOver }) => !isOver);
  }

  /** Redis takes nothing from it (out of memory, too few replicas), and says so. */
  refuse(sentence: string): void {
    this.#refusal = sentence;
  }

  meet(fate: AppendFate): void {
    this.#fate = fate;
  }

  takeFate(): AppendFate | undefined {
    const fate = this.#fate;
    this.#fate = undefined;
    return fate;
  }
}
