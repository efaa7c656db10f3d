/** Starts a server for `rankctl bench`. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, Children } from './child.js';
import { ownNode } from '../machine/node-binary.js';
import { startRankd } from './rankd.js';
import { findTools } from './tools.js';
import { createScratch } from '../bench-context.js';

/** Limits that are large enough for the load. All other settings have their defaults. */
const room = { RANKD_MEMBERS_MAX: '2000', LOG_LEVEL: 'warn' };

/** A started server. Disposing it ends it. */
export interface OwnServer extends AsyncDisposable {
  readonly port: number;
}

/** Returns the path of the built server below `repository`. Undefined if there is none. */
export function serverIn(repository: string): string | undefined {
  const main = join(repository, 'services/server/dist/main.js');
  return existsSync(main) ? main : undefined;
}

/**
 * Starts the built server on a free port. `signal` ends it at once.
 * @throws BenchError
 */
export async function startOwnServer(repository: string, signal: AbortSignal): Promise<OwnServer> {
  if (signal.aborted) throw new BenchError('interrupted');
  const children = new Children();
  const scratch = await createScratch();
  signal.addEventListener('abort', () => children.killAll(), { once: true });
  try {
    const tools = await findTools(children);
    const cores = { server: undefined, load: undefined };
    const context = { children, tools, cores, node: ownNode, repository, scratch: scratch.path };
    const server = await startRankd(context, 'rankd-unmirrored', room);
    const dispose = async (): Promise<void> => {
      await server[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    };
    return { port: server.port, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    children.killAll();
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}
