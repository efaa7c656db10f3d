import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { eventually, type Frame } from '@rankd/testkit';
import { DEADLINE_MS } from './fleet.js';

/** A coordinator that says what a test tells it to, when it does; for one session. */
export class ScriptedCoordinator {
  readonly heard: Frame[] = [];
  readonly #server: Server;
  #socket: Socket | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', socket => {
      this.#socket = socket;
      socket.on('error', () => undefined);
      createInterface({ input: socket }).on('line', line => this.heard.push(JSON.parse(line) as Frame));
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

  get typesHeard(): string[] {
    return this.heard.map(({ type }) => type);
  }

  async hears(type: string, count = 1): Promise<void> {
    await eventually(DEADLINE_MS, type, () =>
      this.typesHeard.filter(heard => heard === type).length >= count ? true : undefined,
    );
  }

  say(...frames: readonly object[]): void {
    this.#socket?.write(frames.map(frame => `${JSON.stringify(frame)}\n`).join(''));
  }

  dispose(): void {
    this.#socket?.destroy();
    this.#server.close();
  }
}
