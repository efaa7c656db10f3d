/** One `rankctl lead` or `rankctl once` of a fault run: its processes, and the proxy on its way to the server. */

import { readFileSync } from 'node:fs';
import { ChaosProxy } from '../network/chaos-proxy.js';
import { ChildProcess } from '../processes/child-process.js';

/** How to start a member. */
export interface ProgramMemberOptions {
  /** The script of rankctl. */
  readonly rankctl: string;
  /** The verb with its options, without `--`. */
  readonly verb: readonly string[];
  /** CMD and its arguments. */
  readonly line: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly transport: 'tcp' | 'tls';
  readonly serverPort: number;
  readonly name: string;
}

/** A member and its program. */
export class ProgramMember {
  readonly name: string;
  readonly proxy: ChaosProxy;
  readonly rankctl: ChildProcess;
  #endBeforeReset: { readonly line: string | undefined } | undefined;

  private constructor(name: string, proxy: ChaosProxy, rankctl: ChildProcess) {
    this.name = name;
    this.proxy = proxy;
    this.rankctl = rankctl;
  }

  /** Starts rankctl behind a proxy of its own. */
  static async start(options: ProgramMemberOptions): Promise<ProgramMember> {
    const { rankctl, verb, line, env, transport, serverPort, name } = options;
    const proxy = await ChaosProxy.open(serverPort);
    const url = `${transport === 'tls' ? 'rankds' : 'rankd'}://localhost:${proxy.port}`;
    const args = [rankctl, '--json', '--url', url, ...verb, '--name', name, '--', ...line];
    return new ProgramMember(name, proxy, new ChildProcess(process.execPath, args, { env, cwd: '/', linesMax: 200 }));
  }

  /** Whether rankctl runs. */
  get isUp(): boolean {
    return this.rankctl.child.exitCode === null && this.rankctl.child.signalCode === null;
  }

  /** The process id of the program that runs. Undefined if none does. */
  get program(): number | undefined {
    for (const line of this.rankctl.lines.toReversed()) {
      if (line.includes('"event":"ended"')) return undefined;
      if (line.includes('"event":"started"')) return this.isUp ? Number(/"pid":(\d+)/.exec(line)?.[1]) : undefined;
    }
    return undefined;
  }

  /** The line that reports the end of the last program, with its process id. Undefined if none has ended. */
  get lastEnd(): string | undefined {
    return this.rankctl.lines.findLast(line => line.includes('"event":"ended"'));
  }

  /** Resets the connection, as a middlebox does. */
  resetConnection(): void {
    this.#endBeforeReset = { line: this.lastEnd };
    this.proxy.reset();
  }

  /** Whether rankctl has ended its program since the last reset. True without a reset. */
  get hasNoticedReset(): boolean {
    return this.#endBeforeReset === undefined || this.#endBeforeReset.line !== this.lastEnd || !this.isUp;
  }

  /** The process ids of the guards that run. */
  get guards(): readonly number[] {
    const { pid } = this.rankctl.child;
    return childrenOf(pid ?? 0).filter(child => read(`/proc/${child}/cmdline`).includes('__guard'));
  }

  /** Ends rankctl and everything that it has started. */
  async dispose(): Promise<void> {
    const { pid } = this.rankctl.child;
    signalAll([...(pid === undefined ? [] : [pid]), ...this.guards], 'SIGCONT');
    await this.rankctl.dispose();
    await this.proxy.dispose();
  }
}

/** Sends a signal to processes that may have ended. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // The process has ended.
    }
  }
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .map(Number)
    .filter(child => child > 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
