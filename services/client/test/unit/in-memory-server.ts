/** A server in memory, whose frames the test writes. */

import { duplexPair, type Duplex } from 'node:stream';
import { VirtualClock } from '@rankd/testkit';
import type { ClientEnvironment } from '../../src/client-environment.js';

type Frame = Readonly<Record<string, unknown>>;

/** One connection of a client, from the server's side. */
export class ServerConnection {
  /** When the client connected, by the test's clock, ms. */
  readonly openedAtMs: number;
  /** The frames that the client has sent. */
  readonly received: Frame[] = [];
  /** The same frames as text. */
  receivedText = '';
  readonly #socket: Duplex;

  constructor(socket: Duplex, openedAtMs: number) {
    this.openedAtMs = openedAtMs;
    this.#socket = socket;
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      this.receivedText += bytes.toString();
      const lines = (text + bytes.toString()).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.received.push(JSON.parse(line) as Frame);
    });
  }

  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(frame: string): void {
    this.#socket.write(`${frame}\n`);
  }

  close(): void {
    this.#socket.end();
  }
}

/** A server in this process, reached over in-memory streams, with a clock that only `advance` moves. */
export class InMemoryServer {
  readonly connections: ServerConnection[] = [];
  /** Whether a connection attempt succeeds. */
  mode: 'accept' | 'refuse' = 'accept';
  /** What the environment's `random` returns. */
  random = 0.5;
  readonly #clock = new VirtualClock();

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  get environment(): ClientEnvironment {
    return {
      clock: { nowMs: () => this.#clock.nowMs, after: (delayMs, run) => this.#clock.after(delayMs, run) },
      random: () => this.random,
      connect: async () => {
        if (this.mode === 'refuse') throw new Error('refused by the test');
        const [clientEnd, serverEnd] = duplexPair();
        this.connections.push(new ServerConnection(serverEnd, this.#clock.nowMs));
        return Promise.resolve(clientEnd);
      },
      afterReads: run => void this.#clock.after(0, run),
    };
  }

  /** The connection that was opened last. */
  get connection(): ServerConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('the client has not connected');
    return last;
  }

  /** Moves the clock by `ms`. Runs each timer at its time, and everything that it starts before the next timer. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#clock.nowMs + ms;
    await drain();
    while (this.#clock.next(untilMs)) await drain();
    this.#clock.pass(untilMs - this.#clock.nowMs);
    await drain();
  }
}

/** Resolves when no promise and no stream has anything left to do. */
async function drain(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(resolve => setImmediate(resolve));
}
