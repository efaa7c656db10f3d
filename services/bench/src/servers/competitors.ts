/** Starts the servers that rankd is compared with. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { end, type Command } from './child.js';
import { freePort } from './ports.js';
import type { ServerKind } from '../node-load/probe.js';
import { startProgram, type Server } from './server.js';
import type { BenchContext } from '../bench-context.js';

/** The kinds of server that rankd is compared with. */
export type CompetitorKind = Exclude<ServerKind, 'rankd' | 'rankd-unmirrored'>;

/**
 * Starts a server on the core of the measured server. It stores nothing on disk.
 * @throws BenchError
 */
export async function startCompetitor(context: BenchContext, kind: CompetitorKind): Promise<Server> {
  const port = await freePort();
  const command = await commandOf(context, kind, port);
  const { pid, child } = await startProgram(context, { kind, port, core: context.cores.server, command });
  return { kind, pid, port, [Symbol.asyncDispose]: () => end(child) };
}

async function commandOf(context: BenchContext, kind: CompetitorKind, port: number): Promise<Command> {
  switch (kind) {
    case 'nats':
      return { program: 'nats-server', args: ['-a', '127.0.0.1', '-p', String(port)] };
    case 'redis':
      return redisCommand(port, context.scratch);
    case 'mosquitto':
      return { program: 'mosquitto', args: ['-c', await mosquittoConfig(context.scratch, port)] };
    case 'c-limit':
      return { program: join(context.scratch, 'c-limit'), args: [String(port)] };
    case 'node-limit': {
      const program = join(context.repository, 'services/bench/dist/node-load/node-limit.js');
      return { program: context.node.path, args: [program, String(port)] };
    }
  }
}

/** Returns the command that starts a redis-server. */
export function redisCommand(port: number, directory: string): Command {
  const options = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: 'no',
    maxclients: '15000',
  };
  return { program: 'redis-server', args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]) };
}

async function mosquittoConfig(directory: string, port: number): Promise<string> {
  const path = join(directory, `mosquitto-${port}.conf`);
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'max_queued_messages 0',
    'set_tcp_nodelay true',
    'log_type none',
    // If root starts mosquitto, it changes to another user by default, and this user may not exist.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}
