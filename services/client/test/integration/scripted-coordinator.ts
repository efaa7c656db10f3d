import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { eventually, type Frame } from '@rankd/testkit';
import { DEADLINE_MS } from './fleet.js';

/** A coordinator for one session. It sends only the frames that the test passes to `send`. */
export class ScriptedCoordinator {
  readonly received: Frame[] = [];
  readonly #server: Server;
  #socket: Socket | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', socket => {
      this.#socket = socket;
      socket.on('error', () => undefined);
      createInterface({ input: socket }).on('line', line => this.received.push(JSON.parse(line) as Frame));
    });
  }

  static async open(): Promise<ScriptedCoordinator> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedCoordinator(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get receivedTypes(): string[] {
    return this.received.map(({ type }) => type);
  }

  async untilReceived(type: string, count = 1): Promise<void> {
    await eventually(DEADLINE_MS, type, () =>
      this.receivedTypes.filter(each => each === type).length >= count ? true : undefined,
    );
  }

  send(...frames: readonly object[]): void {
    this.#socket?.write(frames.map(frame => `${JSON.stringify(frame)}\n`).join(''));
  }

  dispose(): void {
    this.#socket?.destroy();
    this.#server.close();
  }
}
