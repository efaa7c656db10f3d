import { readFileSync } from 'node:fs';
import { Children, type Command } from '../servers/child.js';
import { has, type Tool } from '../servers/tools.js';

/** Where the server that is measured runs, and where all else does; undefined: wherever the kernel likes. */
export interface CpuAssignment {
  readonly server: number | undefined;
  readonly load: number | undefined;
}

/** The first two that this process may use, if there are two and something to pin with. */
export function chooseCores(tools: readonly Tool[]): CpuAssignment {
  const [server, load] = allowedCores(readAllowed());
  if (server === undefined || load === undefined || !has(tools, 'taskset'))
    return { server: undefined, load: undefined };
  return { server, load };
}

/** `0-3,8` → 0, 1, 2, 3, 8. */
export function allowedCores(list: string): number[] {
  if (list === '') return [];
  return list.split(',').flatMap(range => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

/** The same command on one core, ending with this process even where that is killed; as far as the tools go. */
export function pinned(command: Command, core: number | undefined, tools: readonly Tool[]): Command {
  const pin = core === undefined ? [] : ['taskset', '-c', String(core)];
  const bind = has(tools, 'setpriv') ? ['setpriv', '--pdeathsig', 'KILL'] : [];
  const [program = command.program, ...args] = [...pin, ...bind, command.program, ...command.args];
  return { ...command, program, args };
}

/** Keeps this process off the server's core, from which nothing must be taken, until what is returned is called. */
export async function pinSelf({ load }: CpuAssignment): Promise<() => Promise<void>> {
  const before = readAllowed();
  const pin = async (list: string): Promise<void> => {
    if (load === undefined) return;
    // not among the run's own children: it is to work after all of those have been killed
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
