import { ChaosProxy, eventually, type LaunchedRedis, launchRedis } from '@rankd/testkit';
import { Redis } from 'ioredis';
import { systemClock } from '../../../src/clock.js';
import { StreamError } from '../../../src/cluster/stream-error.js';
import type { StreamBreakReason, StreamListener, StreamRecord } from '../../../src/cluster/stream-port.js';
import { formatPosition } from '../../../src/cluster/stream-position.js';
import { systemStreamEnvironment } from '../../../src/redis-stream/environment.js';
import type { ConnectionState, StreamSettings } from '../../../src/redis-stream/settings.js';
import type { ShardStream } from '../../../src/redis-stream/shard-stream.js';
import { StreamStore } from '../../../src/redis-stream/stream-store.js';

/** How long a step of some ms may take on a busy machine. */
const SOON_MS = 10_000;

/** Records what the stream reports. */
export class Reading implements StreamListener {
  readonly told: StreamRecord[] = [];
  why: StreamBreakReason | undefined;

  onRecords(records: readonly StreamRecord[]): void {
    this.told.push(...records);
  }

  onBroken(why: StreamBreakReason): void {
    this.why = why;
  }

  get bodies(): string[] {
    return this.told.map(({ body }) => body);
  }

  get ids(): string[] {
    return this.told.map(({ position }) => formatPosition(position));
  }

  async untilTold(body: string): Promise<void> {
    await eventually(SOON_MS, `record ${body} after ${this.bodies.at(-1) ?? 'none'}`, () => {
      return this.bodies.includes(body) ? true : undefined;
    });
  }

  async untilRead(count: number): Promise<void> {
    await eventually(SOON_MS, `${count} records`, () => (this.told.length >= count ? true : undefined));
  }

  async untilBroken(): Promise<StreamBreakReason> {
    return await eventually(SOON_MS, 'the report that the stream is broken', () => this.why);
  }
}

/** A store and its reports about its connections. */
export interface OpenStore {
  readonly store: StreamStore;
  readonly states: ConnectionState[];
  /** The shards of each restored connection. */
  readonly returns: (readonly number[])[];
  readonly warnings: string[];
}

/** A store with one open shard, and the reports of both. */
export interface OpenShard extends OpenStore {
  readonly shard: ShardStream;
  readonly reading: Reading;
}

/**
 * A primary with a replica. The replica follows over a link that can be cut, and clients use an address that can move.
 */
export interface Pair {
  readonly primary: LaunchedRedis;
  readonly replica: LaunchedRedis;
  readonly link: ChaosProxy;
  readonly address: ChaosProxy;
  readonly url: string;
}

/** Real Redis, and stores as servers have them. `dispose` ends everything that it started. */
export class StreamFixture {
  readonly #ends: (() => unknown)[] = [];

  async redis(...args: string[]): Promise<LaunchedRedis> {
    const redis = await launchRedis({ args: ['--repl-diskless-sync-delay', '0', ...args] });
    this.#ends.push(() => redis.dispose());
    return redis;
  }

  async proxy(port: number): Promise<ChaosProxy> {
    const proxy = await ChaosProxy.open(port);
    this.#ends.push(() => proxy.dispose());
    return proxy;
  }

  async pair(): Promise<Pair> {
    const primary = await this.redis();
    const link = await this.proxy(primary.port);
    const replica = await this.redis('--replicaof', '127.0.0.1', String(link.port));
    const address = await this.proxy(primary.port);
    const client = this.client(primary.url);
    await eventually(SOON_MS, 'the replica to follow', async () => {
      await client.set('follows', '1');
      return (await client.wait(1, 100)) >= 1 ? true : undefined;
    });
    return { primary, replica, link, address, url: `redis://127.0.0.1:${address.port}` };
  }

  /** A client that inspects Redis and inflicts faults. */
  client(url: string): Redis {
    const client = new Redis(url);
    client.on('error', () => undefined);
    this.#ends.push(() => client.disconnect());
    return client;
  }

  store(url: string, settings: Partial<StreamSettings> = {}): OpenStore {
    const states: ConnectionState[] = [];
    const returns: (readonly number[])[] = [];
    const warnings: string[] = [];
    const store = new StreamStore(
      { url, prefix: 'rankd', shards: 1, ack: 'async', ...settings },
      {
        clock: systemClock,
        environment: systemStreamEnvironment,
        onConnectionState: state => states.push(state),
        onReconnected: shards => returns.push(shards),
        onWarning: sentence => warnings.push(sentence),
      },
    );
    this.#ends.push(() => store.close());
    return { store, states, returns, warnings };
  }

  /** A prepared store with its only shard open and its genesis read. */
  async openShard(url: string, settings: Partial<StreamSettings> = {}, clusterId = 'cluster'): Promise<OpenShard> {
    const opened = this.store(url, settings);
    await prepare(opened.store, clusterId);
    const shard = opened.store.shard(0);
    const reading = await follow(shard);
    return { ...opened, shard, reading };
  }

  async dispose(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}

/** Retries as a server does: a busy replica, for example, may not count as connected. */
async function prepare(store: StreamStore, clusterId: string): Promise<void> {
  await eventually(SOON_MS, 'the store to be prepared', async () => {
    try {
      return await store.prepare({ clusterId });
    } catch (error) {
      if (error instanceof StreamError && error.fault === 'unavailable') return undefined;
      throw error;
    }
  });
}

/** Opens the shard, and waits for the first record if there is no snapshot. */
export async function follow(shard: ShardStream): Promise<Reading> {
  const reading = new Reading();
  const { snapshot } = await shard.open(reading, 'genesis');
  if (snapshot === undefined) await reading.untilTold('genesis');
  return reading;
}

/** Promotes the replica and moves the address to it. */
export async function failOver({ primary, replica, link, address }: Pair, client: Redis): Promise<void> {
  primary.childProcess.kill();
  await primary.childProcess.exited;
  link.reset();
  await client.replicaof('NO', 'ONE');
  address.lead(replica.port);
  address.reset();
}

export async function untilState(opened: OpenStore, kind: ConnectionState['kind']): Promise<ConnectionState> {
  return await eventually(SOON_MS, `connection ${kind}`, () => {
    const state = opened.states.at(-1);
    return state?.kind === kind ? state : undefined;
  });
}

/** The bodies in the stream, of all writers. */
export async function standing(client: Pick<Redis, 'xrange'>, log = 'rankd:{s00}:log'): Promise<string[]> {
  return (await client.xrange(log, '-', '+')).map(([, fields]) => fields[5] ?? '');
}

export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index}`);
}
