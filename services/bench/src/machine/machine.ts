/** Describes the machine of a measurement. */

import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** The machine on which the numbers were measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  /** The version of the Node that ran the servers. */
  readonly node: string;
  /** The load average of the minute before the run. It shows whether other work shared the machine. */
  readonly loadAverage: number;
  /** The commit of the checkout, with a + if files have changed since. Undefined outside a checkout. */
  readonly commit: string | undefined;
}

/** Returns the description of this machine. */
export function describeMachine(repository: string, node: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    commit: commitOf(repository),
  };
}

function commitOf(cwd: string): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd, encoding: 'utf8', timeout: 5000, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '+'}`;
  } catch {
    return undefined;
  }
}
