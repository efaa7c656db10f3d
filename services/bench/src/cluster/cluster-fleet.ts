/** Starts the servers of a cluster and their Redis. */

import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { end } from '../servers/child.js';
import { dialPort, type Dial } from '../node-load/dial.js';
import { cpuMs } from '../machine/wait-until-idle.js';
import { redisCommand } from '../servers/competitors.js';
import { freePort } from '../servers/ports.js';
import { startRankd } from '../servers/rankd.js';
import { startProgram, type Server } from '../servers/server.js';
import type { BenchContext } from '../bench-context.js';

/** How many servers share one order. 0: one server alone, without Redis. */
export type ServerCount = 0 | 1 | 2 | 3;

/** Limits that are large enough for the load. All other settings have their defaults, such as 16 shards. */
const room = { RANKD_GROUPS_MAX: '2000', RANKD_COMMANDS_OPEN_MAX: '1000' };

/** The CPU time so far of all threads of a process, ms. */
export interface Spent {
  readonly serversMs: number;
  readonly redisMs: number;
}

/** The servers run on one core. Redis and the load run on the other core. Redis writes an append-only file. */
export class ClusterFleet implements AsyncDisposable {
  readonly #servers: readonly Server[];
  readonly #redis: Redis | undefined;

  private constructor(servers: readonly Server[], redis: Redis | undefined) {
    this.#servers = servers;
    this.#redis = redis;
  }

  /**
   * Starts the servers.
   * @throws BenchError
   */
  static async start(context: BenchContext, count: ServerCount): Promise<ClusterFleet> {
    const redis = count === 0 ? undefined : await startRedis(context);
    const shared = redis && { RANKD_MODE: 'cluster', RANKD_REDIS_URL: `redis://127.0.0.1:${redis.port}` };
    const servers: Server[] = [];
    const fleet = new ClusterFleet(servers, redis);
    try {
      while (servers.length < Math.max(1, count)) {
        servers.push(await startRankd(context, 'rankd-unmirrored', { ...room, ...shared }));
      }
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** How to connect to each server. */
  get dials(): readonly Dial[] {
    return this.#servers.map(({ port }) => dialPort(port));
  }

  /** The CPU time so far of all servers and of Redis. */
  get spent(): Spent {
    const serversMs = this.#servers.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
    return { serversMs, redisMs: this.#redis === undefined ? 0 : cpuMs(this.#redis.pid) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
    await this.#redis?.[Symbol.asyncDispose]();
  }
}

interface Redis extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

async function startRedis(context: BenchContext): Promise<Redis> {
  const port = await freePort();
  // Use a new directory, because Redis loads the data that it finds in its directory.
  const kept = redisCommand(port, await mkdtemp(join(context.scratch, 'redis-')));
  const command = { ...kept, args: [...kept.args, '--appendonly', 'yes', '--appendfsync', 'everysec'] };
  const { pid, child } = await startProgram(context, { kind: 'redis', port, core: context.cores.load, command });
  return { port, pid, [Symbol.asyncDispose]: () => end(child) };
}
