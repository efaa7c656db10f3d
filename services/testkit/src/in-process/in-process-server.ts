/** A whole server, simulated in this process on a manual clock. */

import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { parseServerConfig } from 'rankd/dist/config.js';
import { RankServer } from 'rankd/dist/rank-server.js';
import { LogSink } from '@rankd/startup';
import { numberIn } from '../fixture/frames.js';
import { type LogLine, TestServer } from '../fixture/test-server.js';
import { InMemorySocket, loopback } from '../network/in-memory-socket.js';
import { RawPeer, type RawPeerOptions } from '../network/raw-peer.js';
import { SimulatedPipe } from '../network/simulated-pipe.js';
import { ProcessClock } from '../processes/process-clock.js';
import { ManualTime } from '../time/manual-time.js';
import { ServerSocket } from './server-socket.js';

/** The wall clock when the server's time starts, ms since 1970. */
const WALL_START_MS = 1_700_000_000_000;
/** How long a connection may take to close, ms. The server's TCP connections have the same limit. */
const LINGER_MS = 1000;
const LOCAL_HOST = '127.0.0.1';

/** The wall clock of a server. `aheadMs` is by how much it is ahead of the time of the test. */
interface WallClock {
  aheadMs: number;
}

/** The parts of a server that its constructor gets. */
interface Parts {
  readonly time: ManualTime;
  readonly process: ProcessClock;
  readonly sink: LogSink;
  readonly output: readonly string[];
  readonly wall: WallClock;
}

/**
 * A whole `RankServer` in this process, on a manual clock. Peers connect to it in memory, and its log is kept. It also listens on
 * free ports; the side port answers there in real time.
 */
export class InProcessServer extends TestServer {
  readonly time: ManualTime;
  readonly #process: ProcessClock;
  readonly #server: RankServer;
  readonly #sink: LogSink;
  readonly #output: readonly string[];
  readonly #wall: WallClock;
  readonly #sockets = new Set<ServerSocket>();
  #opened = 0;
  #stopped: Promise<void> | undefined;
  #fate: 'alive' | 'killed' = 'alive';

  private constructor(server: RankServer, { time, process, sink, output, wall }: Parts) {
    super();
    this.#server = server;
    this.time = time;
    this.#process = process;
    this.#sink = sink;
    this.#output = output;
    this.#wall = wall;
  }

  /**
   * Starts a server.
   * @param env settings, as environment variables
   * @param time shared with other servers, if there are several
   */
  static async start(env: Readonly<Record<string, string>> = {}, time = new ManualTime()): Promise<InProcessServer> {
    const { clock } = time;
    const process = new ProcessClock(clock, 0);
    const output: string[] = [];
    const wall: WallClock = { aheadMs: 0 };
    const sink = new LogSink(bytes => {
      output.push(Buffer.from(bytes).toString());
      return bytes.length;
    });
    const ports = { RANKD_PORT: '0', RANKD_HTTP_PORT: '0' };
    const server = await RankServer.prepare(parseServerConfig({ ...ports, RANKD_GROUPS_MAX: '10000', ...env }), {
      clock: {
        wallMs: () => WALL_START_MS + wall.aheadMs + Math.floor(clock.nowMs),
        monotonicMs: () => process.nowMs,
        after: (delayMs, run) => process.after(delayMs, run),
        soon: run => process.soon(run),
      },
      randomBytes,
      fraction: () => 0.5,
      hostName: 'in-process',
      logSink: sink,
      pageDirectory: new URL('file:///nowhere/'),
    });
    const started = new InProcessServer(server, { time, process, sink, output, wall });
    await started.time.standStillUntil(server.start());
    return started;
  }

  get logLines(): readonly LogLine[] {
    this.#sink.flushSync();
    const lines = this.#output.join('').split('\n');
    return lines.filter(line => line !== '').map(line => JSON.parse(line) as LogLine);
  }

  /** The server's wall clock, ms since 1970. */
  get wallMs(): number {
    return WALL_START_MS + this.#wall.aheadMs + Math.floor(this.time.nowMs());
  }

  /** Sets the server's wall clock forwards by `ms`, or back if `ms` is negative. */
  moveWallClock(ms: number): void {
    this.#wall.aheadMs += ms;
  }

  async get(path: string): Promise<string> {
    const listening = await this.event('listening');
    const port = numberIn({ type: 'listening', ...listening }, 'httpPort');
    return await this.time.standStillUntil(getBody(port, path));
  }

  /** Runs `act`. Until it has ended, the server reads nothing and runs no timer. */
  async whileStopped(act: () => void | Promise<void>): Promise<void> {
    this.#process.stop();
    for (const socket of this.#sockets) socket.stop();
    await act();
    await this.destroyedPeersClosed();
    this.#process.continue();
    for (const socket of this.#sockets) socket.continue();
  }

  /** Acts as SIGKILL: its connections are reset, and it does nothing after that. */
  kill(): void {
    this.#fate = 'killed';
    this.#process.stop();
    for (const socket of this.#sockets) socket.abort();
  }

  requestStop(): void {
    this.#stopped ??= this.#server.stop('SIGTERM');
  }

  async stop(): Promise<void> {
    this.requestStop();
    if (this.#stopped !== undefined) await this.time.elapse(this.#stopped);
  }

  async dispose(): Promise<void> {
    this.hangUp();
    // A killed server still has its real ports, because they belong to this process. Let it run to close them.
    this.#process.continue();
    await this.stop();
  }

  /**
   * Opens a connection from `host` and returns the client's end.
   * @throws Error ECONNREFUSED if the server has ended
   */
  openSocket(host: string = LOCAL_HOST): InMemorySocket {
    if (this.#fate === 'killed') throw connectionRefused();
    const pipes = {
      up: new SimulatedPipe(this.time.clock, loopback),
      down: new SimulatedPipe(this.time.clock, loopback),
    };
    this.#opened += 1;
    const serverEnd = new ServerSocket(`${host}:${this.#opened}`, pipes, {
      process: this.#process,
      lingerMs: LINGER_MS,
    });
    for (const socket of this.#sockets) if (socket.isClosed) this.#sockets.delete(socket);
    this.#sockets.add(serverEnd);
    if (this.#process.state === 'stopped') serverEnd.stop();
    this.#process.whenRunning(() => {
      serverEnd.listen(this.#server.accept(serverEnd));
      pipes.up.readTo(serverEnd);
    });
    return new InMemorySocket(pipes.up, pipes.down);
  }

  protected override async openPeer({ localAddress, ...behavior }: RawPeerOptions): Promise<RawPeer> {
    return Promise.resolve(new RawPeer(this.openSocket(localAddress), this.time, behavior));
  }
}

/** Returns the error of a connection to a port on which no server listens. */
export function connectionRefused(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

async function getBody(port: number, path: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    get({ host: LOCAL_HOST, port, path, agent: false }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve(Buffer.concat(chunks).toString()));
    }).once('error', reject);
  });
}
