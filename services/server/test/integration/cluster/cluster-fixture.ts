import {
  at,
  ChaosProxy,
  type ChildProcess,
  eventually,
  freePort,
  type Frame,
  type Joined,
  type LaunchedRedis,
  launchRedis,
  ProcessServer,
  type RawPeer,
  repository,
  startServer,
} from '@rankd/testkit';

/** Fast enough for a leader to suspend itself during a test, slow enough for a busy machine. */
export const SUSPEND_MS = 1500;
export const GRACE_SERVER_MS = 4000;

const pulse = {
  RANKD_HEARTBEAT_MS: '500',
  RANKD_SUSPEND_MS: String(SUSPEND_MS),
  RANKD_DEAD_MS: '2500',
  RANKD_GRACE_SERVER_MS: String(GRACE_SERVER_MS),
};

/** Several built servers on one real Redis. Each reaches it through its own proxy. */
export class ClusterFixture {
  readonly redis: LaunchedRedis;
  readonly servers: ProcessServer[] = [];
  readonly proxies: ChaosProxy[] = [];
  readonly #env: Readonly<Record<string, string>>;
  readonly #restarted: ChildProcess[] = [];
  #groups = 0;

  private constructor(redis: LaunchedRedis, env: Readonly<Record<string, string>>) {
    this.redis = redis;
    this.#env = { ...pulse, ...env };
  }

  static async launch(count: number, env: Readonly<Record<string, string>> = {}): Promise<ClusterFixture> {
    const fixture = new ClusterFixture(await launchRedis({ args: ['--appendonly', 'yes'] }), env);
    for (let index = 0; index < count; index += 1) await fixture.add();
    return fixture;
  }

  /** Starts one more server. */
  async add(env: Readonly<Record<string, string>> = {}): Promise<ProcessServer> {
    const proxy = await ChaosProxy.open(this.redis.port);
    const server = await ProcessServer.launch({
      ...this.#clusterEnv(`redis://127.0.0.1:${proxy.port}`),
      ...env,
    });
    this.proxies.push(proxy);
    this.servers.push(server);
    return server;
  }

  /** Stops a server, and starts it again with the same settings. Does not wait until it listens. */
  async restart(index: number): Promise<{ readonly childProcess: ChildProcess; readonly httpPort: number }> {
    await this.server(index).stop();
    const httpPort = await freePort();
    const url = `redis://127.0.0.1:${at(this.proxies, index).port}`;
    const childProcess = startServer(repository, {
      ...this.#clusterEnv(url),
      RANKD_PORT: String(await freePort()),
      RANKD_HTTP_PORT: String(httpPort),
    });
    this.#restarted.push(childProcess);
    return { childProcess, httpPort };
  }

  server(index: number): ProcessServer {
    return at(this.servers, index);
  }

  freshGroup(): string {
    this.#groups += 1;
    return `group-${this.#groups}`;
  }

  /** Joins members of ranks 0 to `count` - 1, one server after the other in turn. */
  async joinInTurn(count: number, group: string): Promise<Joined[]> {
    const joined: Joined[] = [];
    for (let rank = 0; rank < count; rank += 1) {
      joined.push(await this.server(rank % this.servers.length).join({ group, name: `name-${rank}` }));
    }
    return joined;
  }

  /** Joins an observer that receives every change at one server. */
  async observer(index: number, group: string): Promise<RawPeer> {
    return (await this.server(index).join({ group, role: 'observer' })).peer;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#restarted.map(async child => await child.dispose()));
    await Promise.all(this.servers.map(async server => await server.dispose()));
    await Promise.all(this.proxies.map(async proxy => await proxy.dispose()));
    await this.redis.dispose();
  }

  #clusterEnv(redisUrl: string): Readonly<Record<string, string>> {
    return { RANKD_MODE: 'cluster', RANKD_SHARDS: '2', RANKD_REDIS_URL: redisUrl, ...this.#env };
  }
}

let launching: Promise<unknown> = Promise.resolve();

/**
 * Runs a test with its own cluster. Tests run at the same time, because they mostly wait; clusters start one by one.
 */
export async function inCluster(
  [count, env]: readonly [count: number, env?: Readonly<Record<string, string>>],
  run: (fixture: ClusterFixture) => Promise<void>,
): Promise<void> {
  const launched = launching.then(async () => await ClusterFixture.launch(count, env));
  launching = launched.catch(() => undefined);
  const fixture = await launched;
  try {
    await run(fixture);
  } finally {
    await fixture.dispose();
  }
}

/** The readiness of a server. */
export async function readinessOf(server: ProcessServer): Promise<{ status: number; cluster: Frame }> {
  const answer = await fetch(`http://127.0.0.1:${server.httpPort}/readyz`);
  const { cluster } = (await answer.json()) as { cluster: Frame };
  return { status: answer.status, cluster };
}

/** Waits until the server reports this readiness. The error has the last answer, which says what the server waits for. */
export async function untilReadiness(server: ProcessServer, status: number, deadlineMs: number): Promise<void> {
  let last: unknown;
  const probe = async (): Promise<true | undefined> => {
    last = await readinessOf(server);
    return (last as { status: number }).status === status ? true : undefined;
  };
  await eventually(deadlineMs, `readiness ${status}`, probe).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; last: ${JSON.stringify(last)}`);
  });
}

/** Waits for a change of this kind to this member. */
export async function changeOf(peer: RawPeer, kind: string, member: string, deadlineMs: number): Promise<Frame> {
  const fits = (frame: Frame): boolean => {
    const lists = frame['type'] === 'view' ? (frame[kind] as Frame[] | undefined) : undefined;
    return lists?.some(each => each['member'] === member) === true;
  };
  return await peer.until(fits, deadlineMs, `${kind} of ${member}`);
}
