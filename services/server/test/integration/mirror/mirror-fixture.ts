import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import {
  at,
  ChaosProxy,
  type ChildProcess,
  eventually,
  type Frame,
  type Joined,
  joinWith,
  type LaunchedRedis,
  type LaunchedSentinel,
  type LaunchedServer,
  launchRedis,
  launchSentinels,
  launchServer,
  RawPeer,
  readMetric,
  repository,
} from '@rankd/testkit';
import { Redis } from 'ioredis';
import { type MirrorTable, readTable } from './mirror-table.js';

/** A generous limit: a rank that waited for Redis would take far longer, or never arrive. */
const TOLD_MS = 1000;

/** Sends an administration message and resolves with its receipt. */
export type Admin = (ask: object) => Promise<Frame>;

export type Server = LaunchedServer;

/** What most tests use: a server, the Redis that it mirrors to, and a reader of that Redis. */
export interface OpenMirror {
  readonly fixture: MirrorFixture;
  readonly redis: LaunchedRedis;
  readonly reader: Redis;
  readonly server: Server;
}

/** A real Redis, a real server, and readers for both. `dispose` stops everything that it started. */
export class MirrorFixture {
  readonly #ends: (() => unknown)[] = [];
  #groups = 0;

  static async open(env: Readonly<Record<string, string>> = {}): Promise<OpenMirror> {
    const fixture = new MirrorFixture();
    const redis = await fixture.redis();
    return { fixture, redis, reader: fixture.reader(redis.url), server: await fixture.server(redis.url, env) };
  }

  /** A group that no other test of the file uses. */
  freshGroup(): string {
    this.#groups += 1;
    return `group-${this.#groups}`;
  }

  async redis(options?: Parameters<typeof launchRedis>[0]): Promise<LaunchedRedis> {
    const redis = await launchRedis(options);
    this.#ends.push(() => redis.dispose());
    return redis;
  }

  /** Sentinels that watch a primary. */
  async sentinels(...watched: Parameters<typeof launchSentinels>): Promise<LaunchedSentinel[]> {
    const sentinels = await launchSentinels(...watched);
    this.#ends.push(async () => Promise.all(sentinels.map(sentinel => sentinel.dispose())));
    return sentinels;
  }

  /** A separate Redis client. Its commands fail at once while Redis is away, and it reconnects. */
  reader(url: string): Redis {
    const reader = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => 20 });
    reader.on('error', () => undefined);
    this.#ends.push(() => reader.disconnect());
    return reader;
  }

  async server(redisUrl: string, env: Readonly<Record<string, string>> = {}): Promise<Server> {
    const server = await launchServer(repository, { RANKD_REDIS_URL: redisUrl, RANKD_MEMBERS_MAX: '1000', ...env });
    this.#ends.push(() => server.childProcess.dispose());
    return server;
  }

  /** A server whose Redis cannot be read. Resolves when its order has begun without it, after a short time (R-VIEW-6). */
  async serverWithoutStore(redisUrl: string, env: Readonly<Record<string, string>> = {}): Promise<Server> {
    const shortWait = { RANKD_REFORM_MS: '0', RANKD_HEARTBEAT_MS: '100', RANKD_SUSPEND_MS: '400' };
    const server = await this.server(redisUrl, { ...shortWait, RANKD_DEAD_MS: '30000', ...env });
    await server.childProcess.event('mirror.given-up');
    return server;
  }

  async join(server: Server, hello: object = {}): Promise<Joined> {
    const peer = await RawPeer.connect(server.port);
    this.#ends.push(() => peer.destroy());
    return await joinWith(peer, hello);
  }

  /** An observer that may move and remove members: the server's admin token is `admin`. It answers pings only. */
  async admin(server: Server, group = 'default'): Promise<Admin> {
    const { peer } = await this.join(server, { group, role: 'observer', token: 'admin' });
    let asked = 0;
    return async ask => {
      asked += 1;
      const id = `ask-${asked}`;
      peer.send({ type: 'admin', id, ...ask });
      return await peer.until(frame => frame.type === 'receipt' && frame['id'] === id);
    };
  }

  async joinInTurn(server: Server, count: number, hello: object = {}): Promise<Joined[]> {
    const joined: Joined[] = [];
    for (let rank = 0; rank < count; rank += 1) joined.push(await this.join(server, hello));
    return joined;
  }

  async joinMany(server: Server, count: number, hello: object = {}): Promise<Joined[]> {
    return await Promise.all(Array.from({ length: count }, () => this.join(server, hello)));
  }

  /** Repeats: rank 0 leaves, the next member must receive its promotion at once, and a new member joins. */
  async changeTop(server: Server, queue: Joined[], times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      queue.shift()?.peer.destroy();
      await at(queue, 0).peer.until(frame => frame.type === 'view' && frame['rank'] === 0, TOLD_MS, 'promotion');
      queue.push(await this.join(server));
    }
  }

  async proxy(targetPort: number): Promise<ChaosProxy> {
    const proxy = await ChaosProxy.open(targetPort);
    this.#ends.push(() => proxy.dispose());
    return proxy;
  }

  async dispose(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}

/** What the tests of a file use that shares one Redis. The fields change: a test reads them when it runs. */
export interface SharedRedis {
  readonly fixture: MirrorFixture;
  readonly reader: Redis;
  readonly url: string;
  readonly port: number;
}

/** Starts one Redis for all tests of a file. Each test gets its own fixture and an empty Redis. */
export function shareRedis(): SharedRedis {
  const forAll = new MirrorFixture();
  const shared: { -readonly [Field in keyof SharedRedis]?: SharedRedis[Field] } = {};
  beforeAll(async () => {
    const { url, port } = await forAll.redis();
    Object.assign(shared, { url, port, reader: forAll.reader(url) });
  });
  afterAll(() => forAll.dispose());
  beforeEach(() => {
    shared.fixture = new MirrorFixture();
  });
  afterEach(async () => {
    await shared.fixture?.dispose();
    await shared.reader?.flushall();
  });
  return shared as SharedRedis;
}

/** The roster of a group on the side port, in the form of the mirror. */
export async function rosterOf(server: Server, group = 'default'): Promise<MirrorTable> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/api/groups/${group}`);
  const roster = (await response.json()) as {
    epoch: number;
    view: number;
    size: number;
    members: { rank: number; member: string }[];
  };
  return {
    epoch: roster.epoch,
    view: roster.view,
    size: roster.size,
    order: roster.members.map(({ member }) => member),
    members: Object.fromEntries(roster.members.map(row => [row.member, withoutRank(row)])),
  };
}

function withoutRank(row: { rank: number; member: string }): object {
  return Object.fromEntries(Object.entries(row).filter(([field]) => field !== 'rank'));
}

/**
 * Waits until `size` members are left and the mirror has exactly the server's roster; resolves with it. No other member may join or
 * leave until then.
 */
export async function untilMirrored(
  reader: Redis,
  server: Server,
  size: number,
  options: { readonly group?: string; readonly deadlineMs?: number } = {},
): Promise<MirrorTable> {
  const { group = 'default', deadlineMs = 2000 } = options;
  const roster = await eventually(deadlineMs, `${size} members in group ${group}`, async () => {
    const read = await rosterOf(server, group);
    return read.size === size ? read : undefined;
  });
  const table = await eventually(deadlineMs, `view ${roster.view} of group ${group} in the mirror`, async () => {
    const read = await readTable(reader, group).catch(isAway);
    return read?.view === roster.view && read.epoch === roster.epoch ? read : undefined;
  });
  expect(table).toEqual(roster);
  return table;
}

/** Returns undefined if Redis does not answer, so that the caller waits. Rethrows any other error, such as a torn table. */
function isAway(error: unknown): undefined {
  if (error instanceof Error && /connection|stream|retries|closed/i.test(error.message)) return undefined;
  throw error;
}

/** The logged events with these names, in order. */
export function eventsLogged({ lines }: ChildProcess, ...names: string[]): string[] {
  return lines.map(line => /"event":"([a-z.]+)"/.exec(line)?.[1] ?? '').filter(event => names.includes(event));
}

/** A metric's value; 0 if it has not been counted yet. */
export async function metricOf(server: Server, sample: string): Promise<number> {
  return (await readMetric(server.httpPort, sample)) ?? 0;
}

/** The order of a group that Redis keeps for a restart: its members by rank, with the seat of each. */
export async function readSeats(reader: Redis, group = 'default'): Promise<readonly Record<string, unknown>[]> {
  const { '#order': order = '', ...seats } = await reader.hgetall(`rankd:{${group}}:seats`);
  const ids = order === '' ? [] : order.split(' ');
  expect(Object.keys(seats).sort()).toEqual([...ids].sort());
  return ids.map(id => JSON.parse(seats[id] ?? '') as Record<string, unknown>);
}

export function hashOf(secret: unknown): string {
  return createHash('sha256').update(String(secret)).digest('base64url');
}
