/** Starts rankd for a measurement. */

import { join } from 'node:path';
import { end, type Command } from './child.js';
import { redisCommand } from './competitors.js';
import { freePort } from './ports.js';
import type { ServerKind } from '../node-load/probe.js';
import { startScraper } from '../node-load/scraper.js';
import { startProgram, type Server } from './server.js';
import { has } from './tools.js';
import type { BenchContext } from '../bench-context.js';

/** Limits that are large enough for the load. All other settings have their defaults. */
const roomForTheLoad = {
  RANKD_MEMBERS_MAX: '20000',
  // The load generator does not answer pings during a fan-out.
  RANKD_DEAD_MS: '60000',
  RANKD_SUSPEND_MS: '40000',
  RANKD_COMMANDS_OPEN_MAX: '100000',
};

/**
 * Starts the built server on its core. It logs to a file at its default level, and its metrics are read once a second. The kind
 * `rankd` has a mirror in a Redis of its own on the other core, if there is a redis-server.
 * @param room settings that differ from the defaults
 * @throws BenchError
 */
export async function startRankd(
  context: BenchContext,
  kind: ServerKind & `rankd${string}`,
  room: Readonly<Record<string, string>> = roomForTheLoad,
): Promise<Server> {
  const mirror = kind === 'rankd' && has(context.tools, 'redis-server') ? await startMirror(context) : undefined;
  try {
    const [port, httpPort] = [await freePort(), await freePort()];
    const command = rankdCommand(context, { port, httpPort, mirrorPort: mirror?.port, room });
    const { pid, child } = await startProgram(context, { kind, port, core: context.cores.server, command });
    const scraper = startScraper(`http://127.0.0.1:${httpPort}/metrics`);
    const dispose = async (): Promise<void> => {
      scraper[Symbol.dispose]();
      await end(child);
      await mirror?.[Symbol.asyncDispose]();
    };
    return { kind, pid, port, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await mirror?.[Symbol.asyncDispose]();
    throw error;
  }
}

async function startMirror(context: BenchContext): Promise<AsyncDisposable & { readonly port: number }> {
  const port = await freePort();
  const command = redisCommand(port, context.scratch);
  const { child } = await startProgram(context, { kind: 'mirror', port, core: context.cores.load, command });
  return { port, [Symbol.asyncDispose]: () => end(child) };
}

interface RankdPlace {
  readonly port: number;
  readonly httpPort: number;
  readonly mirrorPort: number | undefined;
  readonly room: Readonly<Record<string, string>>;
}

function rankdCommand(
  { node, repository, scratch }: BenchContext,
  { port, httpPort, mirrorPort, room }: RankdPlace,
): Command {
  return {
    program: node.path,
    args: [join(repository, 'services/server/dist/main.js')],
    // Outside the checkout, so that the server reads no .env.
    cwd: scratch,
    env: {
      ...room,
      RANKD_PORT: String(port),
      RANKD_HTTP_PORT: String(httpPort),
      ...(mirrorPort !== undefined && { RANKD_REDIS_URL: `redis://127.0.0.1:${mirrorPort}` }),
    },
  };
}
