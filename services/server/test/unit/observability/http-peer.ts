import { connect, type Socket } from 'node:net';
import { eventually } from '@rankd/testkit';

/** A client of the side port on a bare socket. It reads only on request. */
export class HttpPeer {
  readonly socket: Socket;
  #text = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
  }

  /** Connects from `localAddress`, which may be any of 127.0.0.0/8. */
  static async connect(port: number, localAddress = '127.0.0.1'): Promise<HttpPeer> {
    const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
    const peer = new HttpPeer(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return peer;
  }

  /** The text that has been read. */
  get text(): string {
    return this.#text;
  }

  get statuses(): number[] {
    return [...this.#text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));
  }

  read(): this {
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.#text += text));
    return this;
  }

  send(...paths: string[]): this {
    this.socket.write(paths.map(path => `GET ${path} HTTP/1.1\r\n\r\n`).join(''));
    return this;
  }

  async untilStatuses(count: number): Promise<number[]> {
    return await eventually(5000, `${count} answers`, () =>
      this.statuses.length >= count ? this.statuses : undefined,
    );
  }

  async untilClosed(): Promise<string> {
    this.socket.resume();
    await eventually(5000, 'the end of the connection', () => {
      if (this.socket.readableEnded) this.socket.end();
      return this.socket.destroyed ? true : undefined;
    });
    return this.#text;
  }
}
