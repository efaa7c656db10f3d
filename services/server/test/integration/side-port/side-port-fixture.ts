import { request } from 'node:http';
import { connect } from 'node:net';
import { type Joined, joinWith, type LaunchedServer, launchServer, RawPeer, repository, within } from '@rankd/testkit';
import { Stream } from './stream.js';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** The built server, its members, and a plain HTTP client of its side port that normalizes nothing. */
export class SidePortFixture {
  readonly server: LaunchedServer;
  readonly #peers: RawPeer[] = [];
  readonly #streams: Stream[] = [];

  private constructor(server: LaunchedServer) {
    this.server = server;
  }

  static async launch(env: Readonly<Record<string, string>> = {}): Promise<SidePortFixture> {
    return new SidePortFixture(await launchServer(repository, env));
  }

  async join(hello: object = {}): Promise<Joined> {
    return await joinWith(await this.connect(), hello);
  }

  async connect(): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.server.port);
    this.#peers.push(peer);
    return peer;
  }

  async get(path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const options = { host: '127.0.0.1', port: this.server.httpPort, path, method, headers, agent: false };
    const reply = new Promise<Reply>((resolve, reject) => {
      request(options, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
        });
      })
        .on('error', reject)
        .end();
    });
    return await within(5000, `${method} ${path}`, reply);
  }

  /** Opens a stream. A response that ends at once is returned as well. */
  async stream(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
    const options = { host: '127.0.0.1', port: this.server.httpPort, path, headers, agent: false };
    const opened = new Promise<Stream>((resolve, reject) => {
      request(options, response => resolve(new Stream(response)))
        .on('error', reject)
        .end();
    });
    const stream = await within(5000, `GET ${path}`, opened);
    this.#streams.push(stream);
    return stream;
  }

  async json(path: string): Promise<unknown> {
    return JSON.parse((await this.get(path)).body) as unknown;
  }

  /** The bytes that the server answers to these bytes until it closes. */
  async sendBytes(bytes: string): Promise<string> {
    const socket = connect(this.server.httpPort, '127.0.0.1');
    const answer = new Promise<string>(resolve => {
      let text = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk: string) => (text += chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
    socket.write(bytes);
    try {
      return await within(5000, 'the end of the response', answer);
    } finally {
      socket.destroy();
    }
  }

  async dispose(): Promise<void> {
    for (const peer of this.#peers) peer.destroy();
    for (const stream of this.#streams) stream.close();
    await this.server.childProcess.dispose();
  }
}
