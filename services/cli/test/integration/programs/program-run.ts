/** Runs the built `rankctl run`, `lead` and `once`. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ChildProcess, eventually, type LaunchedServer, launchServer, repository, within } from '@rankd/testkit';

/** More than ten times the expected duration, ms. */
export const DEADLINE_MS = 20_000;

const bundle = resolve(repository, 'services/cli/bundle/main.js');

/** Short leases: a slack of 800 ms. */
const leases = { RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '1200', RANKD_DEAD_MS: '1600' };

/** Starts a built server with short leases and the admin token `boss`. */
export async function launch(env: Readonly<Record<string, string>> = {}): Promise<LaunchedServer> {
  return await launchServer(repository, { ...leases, RANKD_ADMIN_TOKEN: 'boss', ...env });
}

/** One rankctl with the program that it starts. */
export class ProgramRun {
  readonly rankctl: ChildProcess;

  /**
   * @param port the port of the server
   * @param args the arguments of rankctl
   */
  constructor(port: number, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const own = { RANKD_URL: `rankd://127.0.0.1:${port}`, RANKD_ADMIN_TOKEN: 'boss', ...env };
    // Outside the checkout, so that rankctl reads no .env.
    this.rankctl = new ChildProcess(process.execPath, [bundle, ...args], { env: own, cwd: '/' });
  }

  /** Resolves with the next line of rankctl or its program that contains `text`, after those that were returned before. */
  async says(text: string | RegExp): Promise<string> {
    return await this.rankctl.line(
      line => (typeof text === 'string' ? line.includes(text) : text.test(line)),
      DEADLINE_MS,
    );
  }

  /** Resolves with the process id of the program that was started last. */
  async program(starts = 1): Promise<number> {
    return await eventually(DEADLINE_MS, `${starts} starts in:\n${this.rankctl.output}`, () => {
      const pids = this.rankctl.lines
        .map(line => /runs as process (\d+)/.exec(line)?.[1])
        .filter(pid => pid !== undefined);
      return pids.length >= starts ? Number(pids.at(-1)) : undefined;
    });
  }

  /** The process ids of the guards of this rankctl. */
  get guards(): readonly number[] {
    const { pid } = this.rankctl.child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    return children.filter(
      child => existsSync(`/proc/${child}`) && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('__guard'),
    );
  }

  /** Resolves with the exit code of rankctl. */
  async code(): Promise<number | null> {
    const { code } = await within(DEADLINE_MS, 'the end of rankctl', this.rankctl.exited);
    return code;
  }
}

/** Returns whether a process of this group runs. A zombie does not run. */
export function isGroupAlive(group: number): boolean {
  const processes = execFileSync('ps', ['-eo', 'pgid=,stat='], { encoding: 'utf8' }).split('\n');
  return processes.some(line => {
    const [pgid, stat = ''] = line.trim().split(/ +/);
    return Number(pgid) === group && !stat.startsWith('Z');
  });
}

/** Resolves when no process of the group runs. */
export async function gone(group: number): Promise<void> {
  await eventually(DEADLINE_MS, `the end of group ${group}`, () => (isGroupAlive(group) ? undefined : true));
}

/** Runs rankctl with the admin token until it ends. */
export async function administer(port: number, ...args: readonly string[]): Promise<void> {
  await new ProgramRun(port, args).code();
}
