import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What the numbers were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  /** The version of the Node that ran the servers. */
  readonly node: string;
  /** Processes that wanted a core in the minute before the run: how shared the machine is. */
  readonly loadAverage: number;
  /** The commit of the checkout, with a + where files have changed since; undefined outside one. */
  readonly commit: string | undefined;
}

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
