import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { at, type Frame, type Joined, type ProcessServer } from '@rankd/testkit';

/** The memory of the server now, from /proc. */
export async function residentBytes({ childProcess }: ProcessServer): Promise<number> {
  const status = await readFile(`/proc/${childProcess.child.pid ?? 0}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** The value below which `share` of the values are. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return at(sorted, Math.min(sorted.length - 1, Math.floor(sorted.length * share)));
}

/** Prints a figure for docs/reliability.md. No test asserts it, because machines differ. */
export function show(row: string, figures: Readonly<Record<string, number>>): void {
  const words = Object.entries(figures).map(([name, value]) => `${name} ${Number(value.toFixed(1))}`);
  process.stdout.write(`${row}: ${words.join(', ')}\n`);
}

const PAUSE_MS = 4;

/** Two members that continue as usual: one sends commands and the other answers. */
export class Insiders {
  readonly sender: Joined;
  readonly recipient: Joined;
  readonly #latenciesMs: number[] = [];
  #sent = 0;

  private constructor(sender: Joined, recipient: Joined) {
    this.sender = sender;
    this.recipient = recipient;
  }

  static async join(server: ProcessServer, group: string): Promise<Insiders> {
    return new Insiders(await server.join({ group }), await server.join({ group }));
  }

  /** One command, from its sending to its outcome. Returns the time in ms. */
  async once(): Promise<void> {
    this.#sent += 1;
    const id = `insider-${this.#sent}`;
    const sentAtMs = performance.now();
    const to = { members: [this.recipient.id] };
    this.sender.peer.send({ type: 'command', id, name: 'go', to, deadlineMs: 30_000 });
    const { seq } = await this.recipient.peer.next('command', 30_000);
    this.recipient.peer.send({ type: 'result', seq, status: 'done' });
    const isIt = (frame: Frame): boolean => frame.type === 'outcome' && frame['id'] === id;
    const outcome = await this.sender.peer.until(isIt, 30_000, 'its outcome');
    expect(outcome).toMatchObject({ recipients: 1, done: 1 });
    this.#latenciesMs.push(performance.now() - sentAtMs);
  }

  /** Sends commands one after another, at most a few hundred a second, until `event` has happened. */
  async goOnUntil(event: Promise<unknown>): Promise<number[]> {
    let isOver = false;
    const over = event.finally(() => (isOver = true));
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- it is set in another turn
    while (!isOver) {
      await this.once();
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
    }
    await over;
    return this.#latenciesMs.splice(0);
  }

  /** Checks that they received only answers to what they sent. */
  async expectUndisturbed(): Promise<void> {
    for (const { peer } of [this.sender, this.recipient]) {
      await peer.barrier();
      expect(peer.untakenFrames.filter(({ type }) => type !== 'receipt')).toEqual([]);
    }
  }
}
