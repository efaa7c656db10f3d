/** The installed programs that a benchmark can use. */

import type { Children } from './child.js';
import type { Command } from './child.js';

/** The programs that a benchmark uses if they are installed. */
export const toolNames = [
  'nats-server',
  'redis-server',
  'mosquitto',
  'etcd',
  'etcdctl',
  'gcc',
  'taskset',
  'setpriv',
] as const;

/** The name of such a program. */
export type ToolName = (typeof toolNames)[number];

/** A program, and whether it is installed. */
export interface Tool {
  readonly name: ToolName;
  /** The first line of its version text. Undefined if it is not installed. */
  readonly version: string | undefined;
}

const versionArguments: Partial<Record<ToolName, readonly string[]>> = { mosquitto: ['-h'], etcdctl: ['version'] };

/** What each program is for, and how to install it on Debian or Ubuntu. */
const howToGet: Readonly<Record<ToolName, string>> = {
  'nats-server': 'rows against NATS: apt-get install nats-server',
  'redis-server': 'the mirror and the rows against Redis: apt-get install redis-server',
  mosquitto: 'the rows against Mosquitto: apt-get install mosquitto',
  etcd: 'how long a lease takes to expire: apt-get install etcd-server',
  etcdctl: 'how long a lease takes to expire: apt-get install etcd-client',
  gcc: 'the load generator and the C limit: apt-get install gcc libc6-dev; without gcc, a slow generator in Node measures only fan-outs',
  taskset:
    'a core for the server and another for the load: apt-get install util-linux; without it, no process is pinned',
  setpriv: 'servers that end if this process is killed: apt-get install util-linux',
};

const versionDeadlineMs = 10_000;

/** Adds to PATH the directories in which Debian installs servers. The PATH of an ordinary user lacks them. */
export function lookInSbin(): void {
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
}

/** Finds out which programs are installed. */
export async function findTools(children: Children): Promise<Tool[]> {
  const found: Tool[] = [];
  for (const name of toolNames) found.push({ name, version: await versionOf(children, name) });
  return found;
}

/** Returns whether a program is installed. */
export function has(tools: readonly Tool[], name: ToolName): boolean {
  return tools.some(tool => tool.name === name && tool.version !== undefined);
}

/** Returns a line for each program that is not installed. */
export function hintsFor(tools: readonly Tool[]): string[] {
  return tools
    .filter(({ version }) => version === undefined)
    .map(({ name }) => `${name} is not installed; needed for ${howToGet[name]}`);
}

async function versionOf(children: Children, name: ToolName): Promise<string | undefined> {
  const command: Command = { program: name, args: versionArguments[name] ?? ['--version'] };
  // mosquitto prints its version and fails. A program that cannot be started prints nothing.
  const child = children.start(command);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), versionDeadlineMs);
  await new Promise(resolve => child.once('close', resolve));
  clearTimeout(timer);
  if (child.pid === undefined) return undefined;
  return output.split('\n')[0]?.trim() ?? '';
}
