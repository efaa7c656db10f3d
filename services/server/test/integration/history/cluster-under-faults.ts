import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChaosProxy,
  ChildProcess,
  eventually,
  freePort,
  type LaunchedServer,
  launchServer,
  parseLogLine,
  repository,
} from '@rankd/testkit';
import { lasting } from './faults.js';

/** How long a server or Redis may take to return, on a busy machine. */
const BACK_MS = 30_000;

/** A server with its own link to Redis. */
interface Place {
  readonly link: ChaosProxy;
  server: LaunchedServer;
}

/**
 * The servers of one cluster and their Redis, which stores its data on disk. Each can be killed and restarted at its
 * port.
 */
export class ClusterUnderFaults {
  readonly #env: Readonly<Record<string, string>>;
  readonly #directory: string;
  readonly #redisPort: number;
  #redis: ChildProcess;
  readonly #places: Place[] = [];
  /** The processes of every server so far. */
  readonly #programs: ChildProcess[] = [];

  private constructor(
    env: Readonly<Record<string, string>>,
    { directory, port, redis }: { directory: string; port: number; redis: ChildProcess },
  ) {
    this.#env = env;
    this.#directory = directory;
    this.#redisPort = port;
    this.#redis = redis;
  }

  /** `folder`: the root directory of the version that the servers have. */
  static async launch(
    count: number,
    env: Readonly<Record<string, string>>,
    folder: string = repository,
  ): Promise<ClusterUnderFaults> {
    const directory = await mkdtemp(join(tmpdir(), 'rankd-history-redis-'));
    const port = await freePort();
    const cluster = new ClusterUnderFaults(env, { directory, port, redis: await startRedis(directory, port) });
    for (let index = 0; index < count; index += 1) {
      const link = await ChaosProxy.open(port);
      cluster.#places.push({ link, server: await cluster.#launch(link, folder) });
    }
    return cluster;
  }

  get ports(): number[] {
    return this.#places.map(({ server }) => server.port);
  }

  get httpPorts(): number[] {
    return this.#places.map(({ server }) => server.httpPort);
  }

  /** Why incarnations of servers have ended so far. */
  get ends(): unknown[] {
    const lines = this.#programs.flatMap(({ lines }) => lines).map(parseLogLine);
    return lines.filter(line => line?.['event'] === 'cluster.over').map(line => line?.['why']);
  }

  async killServer(index: number): Promise<void> {
    const place = this.#place(index);
    place.server.childProcess.kill();
    await place.server.childProcess.exited;
    place.server = await this.#launch(place.link, repository, { RANKD_PORT: String(place.server.port) });
  }

  /** Stops a server with SIGTERM, and starts the version in `folder` at its port. Waits until the server accepts members. */
  async replaceServer(index: number, folder: string): Promise<void> {
    const place = this.#place(index);
    place.server.childProcess.kill('SIGTERM');
    await place.server.childProcess.exited;
    place.server = await this.#launch(place.link, folder, { RANKD_PORT: String(place.server.port) });
    await this.ready();
  }

  async stopServer(index: number, durationMs: number): Promise<void> {
    const { childProcess } = this.#place(index).server;
    childProcess.kill('SIGSTOP');
    await lasting(durationMs);
    childProcess.kill('SIGCONT');
  }

  /** Delays all data between the server and Redis. Neither notices a closed connection. */
  async cutOff(index: number, durationMs: number): Promise<void> {
    const { link } = this.#place(index);
    for (const direction of ['toServer', 'toClient'] as const) link.treat(direction, 'hold');
    await lasting(durationMs);
    for (const direction of ['toServer', 'toClient'] as const) link.treat(direction, 'pass');
  }

  async pauseRedis(durationMs: number): Promise<void> {
    this.#redis.kill('SIGSTOP');
    await lasting(durationMs);
    this.#redis.kill('SIGCONT');
  }

  /** Kills Redis and restarts it with everything that it had stored. */
  async killRedis(): Promise<void> {
    await this.#endRedis();
    this.#redis = await startRedis(this.#directory, this.#redisPort);
  }

  /** Kills Redis and restarts it with its state of `durationMs` before, like a replica that lagged behind. */
  async loseSuffix(durationMs: number): Promise<void> {
    const copy = `${this.#directory}-copy`;
    await cp(this.#directory, copy, { recursive: true });
    await lasting(durationMs);
    await this.#endRedis();
    await rm(this.#directory, { recursive: true, force: true });
    await cp(copy, this.#directory, { recursive: true });
    await rm(copy, { recursive: true, force: true });
    this.#redis = await startRedis(this.#directory, this.#redisPort);
  }

  /** Waits until every server accepts members again. */
  async ready(): Promise<void> {
    await eventually(BACK_MS, 'every server to be ready', async () => {
      const answers = this.httpPorts.map(async port => (await fetch(`http://127.0.0.1:${port}/readyz`)).status);
      return (await Promise.all(answers)).every(status => status === 200) ? true : undefined;
    });
  }

  async dispose(): Promise<void> {
    for (const { server, link } of this.#places) {
      await server.childProcess.dispose();
      await link.dispose();
    }
    await this.#redis.dispose();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #place(index: number): Place {
    const place = this.#places[index];
    if (place === undefined) throw new Error(`no server ${index}`);
    return place;
  }

  async #launch(link: ChaosProxy, folder: string, own: Readonly<Record<string, string>> = {}): Promise<LaunchedServer> {
    const server = await launchServer(folder, {
      RANKD_MODE: 'cluster',
      RANKD_SHARDS: '2',
      RANKD_REDIS_URL: `redis://127.0.0.1:${link.port}`,
      ...this.#env,
      ...own,
    });
    this.#programs.push(server.childProcess);
    return server;
  }

  async #endRedis(): Promise<void> {
    this.#redis.kill();
    await this.#redis.exited;
  }
}

async function startRedis(directory: string, port: number): Promise<ChildProcess> {
  const kept = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const program = new ChildProcess('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    ...kept,
  ]);
  await program.line(line => line.includes('Ready to accept connections'));
  return program;
}
