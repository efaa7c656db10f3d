/** The processes of a run. */

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';

/** A step of the benchmark that has failed. The message is for people. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

/** How a process has ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program to start. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Its environment variables besides PATH and HOME. It inherits no others, because they could affect the result. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The file descriptor for its output. Undefined: a pipe that this process can read. */
  readonly outputFd?: number;
}

/** How much output is kept of each stream, characters. */
const outputCharsMax = 100_000;

/** All processes that a run has started, so that the run can end them. */
export class Children {
  readonly #running = new Set<ChildProcess>();
  #isClosed = false;

  /** Whether `killAll` was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Starts a process. `killAll` kills it if it still runs.
   * @throws BenchError after `killAll`
   */
  start({ program, args, env, cwd, outputFd }: Command): ChildProcess {
    if (this.#isClosed) throw new BenchError('interrupted');
    const { PATH = '', HOME = '' } = process.env;
    const stdio: StdioOptions = outputFd === undefined ? 'pipe' : ['ignore', outputFd, outputFd];
    const child = spawn(program, [...args], { cwd, env: { PATH, HOME, ...env }, stdio });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    // The event `close` follows, with a code.
    child.on('error', () => undefined);
    return child;
  }

  /**
   * Runs a process until it exits. Kills it after `deadlineMs`.
   * @throws BenchError if its exit code is not 0
   */
  async run(command: Command, deadlineMs: number): Promise<Finished> {
    const child = this.start(command);
    const begunMs = performance.now();
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    const finished = await finishedOf(child);
    clearTimeout(timer);
    if (finished.code === 0) return finished;
    const isLate = finished.signal === 'SIGKILL' && performance.now() - begunMs >= deadlineMs;
    const why = isLate ? `took longer than ${deadlineMs / 1000} s` : finished.stderr.trim() || howItEnded(finished);
    throw new BenchError(this.#isClosed ? 'interrupted' : why);
  }

  /** Kills all processes. No process can be started after that. */
  killAll(): void {
    this.#isClosed = true;
    for (const child of this.#running) child.kill('SIGKILL');
  }
}

/** Kills a process and waits until it has ended. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

function finishedOf(child: ChildProcess): Promise<Finished> {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-outputCharsMax);
    });
  }
  return new Promise(resolve => child.once('close', (code, signal) => resolve({ code, signal, ...output })));
}

function howItEnded({ code, signal }: Finished): string {
  return signal === null ? `exited with ${String(code)}` : `ended by ${signal}`;
}
