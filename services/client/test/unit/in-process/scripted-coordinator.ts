/** A server without rules: it sends only the messages that a test passes to it. */

import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { Membership } from '@rankd/client';
import { type Frame, realTime, type TestTime } from '@rankd/testkit';
import type { InProcessFleet } from '@rankd/testkit/in-process';

/** Ten times the expected duration, ms. */
const DEADLINE_MS = 10_000;

/** A server for one session. It sends only the messages that a test passes to it. */
export class ScriptedCoordinator {
  readonly received: Frame[] = [];
  readonly #receivedAtMs: number[] = [];
  readonly port: number;
  readonly #time: TestTime;
  readonly #stopListening: () => void;
  #socket: Duplex | undefined;
  #pings = 0;

  private constructor(time: TestTime, port: number, stopListening: () => void) {
    this.#time = time;
    this.port = port;
    this.#stopListening = stopListening;
  }

  /** Listens on a free port of this machine. */
  static async open(): Promise<ScriptedCoordinator> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const coordinator = new ScriptedCoordinator(realTime, port, () => server.close());
    server.on('connection', socket => coordinator.#accept(socket));
    return coordinator;
  }

  /** Listens on a port of the in-process fleet. */
  static in(fleet: InProcessFleet): ScriptedCoordinator {
    const port = fleet.listen(socket => coordinator.#accept(socket));
    const coordinator = new ScriptedCoordinator(fleet.time, port, () => undefined);
    return coordinator;
  }

  get receivedTypes(): string[] {
    return this.received.map(({ type }) => type);
  }

  /** Resolves when `count` messages of this type have arrived. Returns when the last of them arrived, ms. */
  async untilReceived(type: string, count = 1): Promise<number> {
    return await this.#time.eventually(DEADLINE_MS, type, () => {
      const indexes = this.received.flatMap((frame, index) => (frame.type === type ? [index] : []));
      return this.#receivedAtMs[indexes[count - 1] ?? -1];
    });
  }

  /** The number of the last ping of `barrier`. */
  get pingsSent(): number {
    return this.#pings;
  }

  /**
   * Sends a ping, and resolves when its pong has arrived: then every earlier message of either end has arrived.
   * @param seen the last ping whose pong the ping acknowledges
   */
  async barrier(seen = 0): Promise<void> {
    this.#pings += 1;
    this.send({ type: 'ping', n: this.#pings, seen });
    await this.untilReceived('pong', this.receivedTypes.filter(type => type === 'pong').length + 1);
  }

  send(...frames: readonly object[]): void {
    this.#socket?.write(frames.map(frame => `${JSON.stringify(frame)}\n`).join(''));
  }

  /** Makes a member leave. The server does not answer, and closes the connection. */
  async endMember(member: Membership): Promise<void> {
    const left = member.leave();
    await this.untilReceived('leave');
    this.dispose();
    await this.#time.within(DEADLINE_MS, 'leaving', left);
  }

  dispose(): void {
    this.#socket?.destroy();
    this.#stopListening();
  }

  #accept(socket: Duplex): void {
    this.#socket = socket;
    socket.on('error', () => undefined);
    const lines = createInterface({ input: socket });
    // The reader passes on the errors of its socket.
    lines.on('error', () => undefined);
    lines.on('line', line => {
      this.received.push(JSON.parse(line) as Frame);
      this.#receivedAtMs.push(this.#time.nowMs());
    });
  }
}
