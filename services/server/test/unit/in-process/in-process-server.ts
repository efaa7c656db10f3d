import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { LogSink } from '@rankd/startup';
import { parseServerConfig } from '../../../src/config.js';
import type { Accept } from '../../../src/gateway/transport/connection.js';
import { RankServer } from '../../../src/rank-server.js';
import { FakeClock } from '../gateway/fake-clock.js';
import { FakeConnection } from '../gateway/fake-connection.js';
import { FakePeer } from '../gateway/gateway-fixture.js';

export interface LogLine {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** How often peers that answer are given the chance to, while time passes. */
const STEP_MS = 10;
const timing = { RANKD_HEARTBEAT_MS: '100', RANKD_SUSPEND_MS: '400', RANKD_DEAD_MS: '600' };

/**
 * A whole `RankServer` in this process. Its time passes only in `pass`, its members connect in memory, its log stands in `log`.
 * The ports are real and free ones, and the side port answers there.
 */
export class InProcessServer {
  readonly clock: FakeClock;
  readonly gateway: { readonly accept: Accept };
  readonly #server: RankServer;
  readonly #output: string[];

  private constructor(server: RankServer, clock: FakeClock, output: string[]) {
    this.#server = server;
    this.clock = clock;
    this.#output = output;
    this.gateway = { accept: connection => server.accept(connection) };
  }

  /** `settings`: environment variables, over a heartbeat of 100 ms, suspension after 400 ms and death after 600 ms. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<InProcessServer> {
    const clock = new FakeClock();
    const output: string[] = [];
    const config = parseServerConfig({ RANKD_PORT: '0', RANKD_HTTP_PORT: '0', ...timing, ...settings });
    const server = await RankServer.prepare(config, {
      clock,
      randomBytes,
      fraction: () => 0.5,
      hostName: 'in-process',
      pageDirectory: new URL('file:///nowhere/'),
      logSink: new LogSink(bytes => {
        output.push(Buffer.from(bytes).toString());
        return bytes.length;
      }),
    });
    const started = new InProcessServer(server, clock, output);
    await server.start();
    return started;
  }

  get log(): LogLine[] {
    const lines = this.#output.join('').split('\n');
    return lines.filter(line => line !== '').map(line => JSON.parse(line) as LogLine);
  }

  join(hello: object = {}): FakePeer {
    const peer = new FakePeer(this, new FakeConnection());
    peer.say({ type: 'hello', ...hello });
    return peer;
  }

  /** Time passes while these answer their pings. */
  pass(ms: number, ...alive: readonly FakePeer[]): void {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.clock.pass(Math.min(STEP_MS, left));
      for (const peer of alive) peer.pong();
    }
  }

  /** What the side port answers to GET. */
  async get(path: string): Promise<string> {
    await this.logWritten();
    const port = this.log.find(({ event }) => event === 'listening')?.['httpPort'];
    // Requests come over a real socket: what they cause soon happens without a call of `pass`.
    const settling = setInterval(() => this.clock.settle(), 1);
    return await new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port: Number(port), path, agent: false }, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => resolve(Buffer.concat(chunks).toString()));
      }).once('error', reject);
    }).finally(() => clearInterval(settling));
  }

  /** The log is whole once this has resolved. */
  async logWritten(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 0));
  }

  async stop(): Promise<void> {
    await this.#server.stop('test');
  }
}
