/** Processes of a test. */

import { spawn, type ChildProcess as NodeChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { eventually, within } from '../time/wait.js';
import { processStopped } from './stop-process.js';

/** How to start a process. */
export interface ChildProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether it gets a process group of its own. Signals then also reach the processes that it has started. */
  readonly ownGroup?: boolean;
  /** How many of the newest lines of output are kept. Default: all. */
  readonly linesMax?: number;
}

/** How a process has ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process. It keeps its output, line by line. */
export class ChildProcess {
  readonly lines: string[] = [];
  readonly child: NodeChildProcess;
  readonly exited: Promise<Exit>;
  readonly #ownGroup: boolean;
  readonly #linesMax: number;

  constructor(command: string, args: readonly string[], options: ChildProcessOptions = {}) {
    const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
    this.#ownGroup = options.ownGroup === true;
    this.#linesMax = options.linesMax ?? Infinity;
    this.child = spawn(command, [...args], {
      cwd: options.cwd,
      detached: this.#ownGroup,
      env: { ...inherited, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', line => this.#keepLine(line));
    }
    this.exited = new Promise(resolve => this.child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /** The output so far, of both streams. */
  get output(): string {
    return this.lines.join('\n');
  }

  /**
   * Resolves with the first line that `matches`.
   * @throws Error with all output if there is none in time, or if the process ends first
   */
  async line(matches: (line: string) => boolean, deadlineMs = 10_000): Promise<string> {
    try {
      return await eventually(deadlineMs, 'line', () => {
        const found = this.lines.find(matches);
        if (found === undefined && this.child.exitCode !== null) throw new Error(`exited ${this.child.exitCode}`);
        return found;
      });
    } catch (error) {
      throw new Error(`no such line (${String(error)}) in:\n${this.output}`, { cause: error });
    }
  }

  /** Resolves with the first JSON log line of this event for which `fits` returns true. */
  async event(
    name: string,
    fits: (fields: Record<string, unknown>) => boolean = () => true,
    deadlineMs?: number,
  ): Promise<Record<string, unknown>> {
    const matches = (line: string): boolean => {
      const fields = parseLogLine(line);
      return fields?.['event'] === name && fits(fields);
    };
    return parseLogLine(await this.line(matches, deadlineMs)) ?? {};
  }

  /** Sends a signal to the process, or to its group if it has one of its own. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.#ownGroup) killGroup(this.child, signal);
    else this.child.kill(signal);
  }

  /** Sends SIGSTOP, as `kill` does. Resolves when the process is stopped, because before that it may still handle input. */
  async stop(): Promise<void> {
    this.kill('SIGSTOP');
    if (this.child.pid !== undefined) await processStopped(this.child.pid);
  }

  /** Kills the process if it still runs. Call it in afterEach. */
  async dispose(): Promise<void> {
    // Processes that the child has started may still run after the child has ended.
    if (this.#ownGroup || (this.child.exitCode === null && this.child.signalCode === null)) this.kill();
    await within(5000, 'process end', this.exited);
  }

  #keepLine(line: string): void {
    this.lines.push(line);
    if (this.lines.length > this.#linesMax) this.lines.shift();
  }
}

function killGroup({ pid }: NodeChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: the whole group has ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Parses a log line. Returns undefined if it is no JSON object. */
export function parseLogLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
