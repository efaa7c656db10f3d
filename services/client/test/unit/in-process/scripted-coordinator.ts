import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { type Frame, realTime, type TestTime } from '@rankd/testkit';
import type { InProcessFleet } from '@rankd/testkit/in-process';

/** Ten times what is expected. */
const DEADLINE_MS = 10_000;

/** A coordinator that sends what a test tells it to send, for one session. */
export class ScriptedCoordinator {
  readonly received: Frame[] = [];
  readonly #receivedAtMs: number[] = [];
  readonly port: number;
  readonly #time: TestTime;
  readonly #stopListening: () => void;
  #socket: Duplex | undefined;

  private constructor(time: TestTime, port: number, stopListening: () => void) {
    this.#time = time;
    this.port = port;
    this.#stopListening = stopListening;
  }

  /** Listens at a free port of this machine. */
  static async open(): Promise<ScriptedCoordinator> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const coordinator = new ScriptedCoordinator(realTime, port, () => server.close());
    server.on('connection', socket => coordinator.#accept(socket));
    return coordinator;
  }

  /** Listens at a port of the fleet. */
  static in(fleet: InProcessFleet): ScriptedCoordinator {
    const port = fleet.listen(socket => coordinator.#accept(socket));
    const coordinator = new ScriptedCoordinator(fleet.time, port, () => undefined);
    return coordinator;
  }

  get receivedTypes(): string[] {
    return this.received.map(({ type }) => type);
  }

  /** Waits until it has received this type `count` times. Returns when it received the last of those, by its time. */
  async untilReceived(type: string, count = 1): Promise<number> {
    return await this.#time.eventually(DEADLINE_MS, type, () => {
      const indexes = this.received.flatMap((frame, index) => (frame.type === type ? [index] : []));
      return this.#receivedAtMs[indexes[count - 1] ?? -1];
    });
  }

  send(...frames: readonly object[]): void {
    this.#socket?.write(frames.map(frame => `${JSON.stringify(frame)}\n`).join(''));
  }

  dispose(): void {
    this.#socket?.destroy();
    this.#stopListening();
  }

  #accept(socket: Duplex): void {
    this.#socket = socket;
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', line => {
      this.received.push(JSON.parse(line) as Frame);
      this.#receivedAtMs.push(this.#time.nowMs());
    });
  }
}
