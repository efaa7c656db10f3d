/** A server that sends hostile texts. */

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { FrameDecoder } from '@rankd/protocol';
import { hostileTexts } from '@rankd/testkit';

/** All hostile texts in one text, with a separator. */
export const allHostile = hostileTexts.join('|');

const shown: ReadonlySet<string> = new Set([
  'name',
  'group',
  'address',
  'reason',
  'message',
  'joinedAt',
  'at',
  'value',
]);

/** A server that adds every hostile text to everything that it sends, even where the protocol forbids it. */
export class HostileServer {
  readonly port: number;
  readonly #close: () => void;

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  /** Passes on the frames of the real server at `port`, with the texts added, or changed by `change`. */
  static async before(port: number, change: (frame: string) => string = soiled): Promise<HostileServer> {
    return await HostileServer.#open(socket => {
      const upstream = connect(port, '127.0.0.1');
      socket.pipe(upstream).on('error', () => undefined);
      socket.on('close', () => upstream.destroy());
      const decoder = new FrameDecoder(Number.POSITIVE_INFINITY);
      upstream.on('data', (bytes: Buffer) => {
        decoder.push(bytes);
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
          if (frame.kind === 'line') socket.write(`${change(frame.text)}\n`);
        }
      });
      upstream.on('close', () => socket.end());
    });
  }

  /** Answers the first bytes of a client with these bytes, and closes. */
  static async saying(bytes: string): Promise<HostileServer> {
    return await HostileServer.#open(socket => socket.once('data', () => socket.end(bytes)));
  }

  static async #open(greet: (socket: Socket) => void): Promise<HostileServer> {
    const sockets = new Set<Socket>();
    const server = createServer(socket => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      greet(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HostileServer((server.address() as AddressInfo).port, () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }

  dispose(): void {
    this.#close();
  }
}

function soiled(line: string): string {
  const frame = JSON.parse(line) as { readonly type: string };
  // A member that refuses a command repeats its name in the message of the result, which has a limit.
  const added = frame.type === 'command' ? '\x1b[31m\x9b\u202e\n' : allHostile;
  return JSON.stringify(frame, (key, value: unknown) =>
    typeof value === 'string' && shown.has(key) ? `${value}${added}` : value,
  );
}
