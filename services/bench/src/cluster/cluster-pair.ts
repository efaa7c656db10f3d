/** A group of two members for the load of a cluster. */

import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../servers/child.js';
import type { Dial } from '../node-load/dial.js';
import { NodeMember } from '../node-load/node-member.js';

/**
 * A group of two members, on two servers if there are several. One sends commands, the other executes them. Each command makes
 * two log entries.
 */
export class ClusterPair {
  /** The times from sending a command to its outcome, ms. */
  readonly timesMs: number[] = [];
  readonly #sender: NodeMember;
  readonly #executor: NodeMember;
  readonly #sentAtMs = new Map<string, number>();
  #sent = 0;
  #isOpen = true;
  #settle: () => void = () => undefined;
  #fail: (error: BenchError) => void = () => undefined;

  private constructor(sender: NodeMember, executor: NodeMember) {
    this.#sender = sender;
    this.#executor = executor;
    executor.onFrame = ({ type, seq }) => {
      if (type === 'command') executor.send({ type: 'result', seq, status: 'done' });
    };
    sender.onFrame = frame => {
      if (frame['type'] === 'outcome') this.#take(String(frame['id']), frame['done']);
      if (frame['type'] === 'receipt' && frame['accepted'] !== true) this.#fail(new BenchError(String(frame['code'])));
    };
  }

  /**
   * Joins both members.
   * @throws BenchError
   */
  static async join(group: string, at: Dial, otherAt: Dial): Promise<ClusterPair> {
    const sender = await comeIn(at, group);
    const executor = await comeIn(otherAt, group);
    return new ClusterPair(sender, executor);
  }

  /**
   * Keeps this number of commands open until `stop` is called. Resolves when all of them have ended.
   * @throws BenchError
   */
  async run(inFlight: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
      for (let each = 0; each < inFlight; each += 1) this.#send();
    });
  }

  /** Sends no further commands. */
  stop(): void {
    this.#isOpen = false;
  }

  /** Closes both connections. */
  end(): void {
    this.#sender.end();
    this.#executor.end();
  }

  #send(): void {
    this.#sent += 1;
    const id = String(this.#sent);
    this.#sentAtMs.set(id, performance.now());
    this.#sender.send({ type: 'command', id, name: 'x', args: 'x'.repeat(64), reply: 'outcome' });
  }

  #take(id: string, done: unknown): void {
    if (done !== 1) this.#fail(new BenchError(`${String(done)} of 1 recipients executed a command`));
    this.timesMs.push(performance.now() - (this.#sentAtMs.get(id) ?? Number.NaN));
    this.#sentAtMs.delete(id);
    if (this.#isOpen) this.#send();
    else if (this.#sentAtMs.size === 0) this.#settle();
  }
}

/** How long to try to join, ms. A server admits no member while its connection to the other servers is interrupted. */
const comeInMs = 10_000;
const retryMs = 100;

async function comeIn(dial: Dial, group: string): Promise<NodeMember> {
  const lateMs = performance.now() + comeInMs;
  for (;;) {
    try {
      return await NodeMember.join({ dial, where: group, hello: { group } });
    } catch (error) {
      const isLate = performance.now() >= lateMs;
      if (isLate || !(error instanceof BenchError && error.message.startsWith('UNAVAILABLE'))) throw error;
      await sleep(retryMs);
    }
  }
}
