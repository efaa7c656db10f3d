/** Assigns processes to cores, so that the load does not take CPU time from the measured server. */

import { readFileSync } from 'node:fs';
import { Children, type Command } from '../servers/child.js';
import { has, type Tool } from '../servers/tools.js';

/** The core of the measured server, and the core of everything else. Undefined: the kernel decides. */
export interface CpuAssignment {
  readonly server: number | undefined;
  readonly load: number | undefined;
}

/** Returns the first two cores that this process may use. Returns none if there is only one, or if taskset is missing. */
export function chooseCores(tools: readonly Tool[]): CpuAssignment {
  const [server, load] = allowedCores(readAllowed());
  if (server === undefined || load === undefined || !has(tools, 'taskset'))
    return { server: undefined, load: undefined };
  return { server, load };
}

/** Parses a list of cores: `0-3,8` → 0, 1, 2, 3, 8. */
export function allowedCores(list: string): number[] {
  if (list === '') return [];
  return list.split(',').flatMap(range => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

/**
 * Returns the command with a prefix that runs it on one core and kills it when this process ends. If a tool is missing, its part of the
 * prefix is missing.
 */
export function pinned(command: Command, core: number | undefined, tools: readonly Tool[]): Command {
  const pin = core === undefined ? [] : ['taskset', '-c', String(core)];
  const bind = has(tools, 'setpriv') ? ['setpriv', '--pdeathsig', 'KILL'] : [];
  const [program = command.program, ...args] = [...pin, ...bind, command.program, ...command.args];
  return { ...command, program, args };
}

/** Moves this process off the server's core. Returns a function that moves it back. */
export async function pinSelf({ load }: CpuAssignment): Promise<() => Promise<void>> {
  const before = readAllowed();
  const pin = async (list: string): Promise<void> => {
    if (load === undefined) return;
    // This command needs a new `Children` object: that of the run is closed already and can start no process.
    await new Children().run({ program: 'taskset', args: ['-acp', list, String(process.pid)] }, 5000);
  };
  await pin(String(load));
  return () => pin(before);
}

function readAllowed(): string {
  try {
    return /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}
