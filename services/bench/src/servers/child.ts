import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';

/** A step of the benchmark that did not work; the message is for a person. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Besides PATH and HOME, which every child gets: nothing else of this process's environment is to change a result. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A file descriptor for what it prints; without one it can be read. */
  readonly outputFd?: number;
}

/** Output that is kept, of each of both streams. */
const outputCharsMax = 100_000;

/** Every process that a run starts, so that all of them end with it. */
export class Children {
  readonly #running = new Set<ChildProcess>();
  #isClosed = false;

  /** Whether `killAll` was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Starts it; it is killed with the others unless it ends before. @throws BenchError after `killAll` */
  start({ program, args, env, cwd, outputFd }: Command): ChildProcess {
    if (this.#isClosed) throw new BenchError('interrupted');
    const { PATH = '', HOME = '' } = process.env;
    const stdio: StdioOptions = outputFd === undefined ? 'pipe' : ['ignore', outputFd, outputFd];
    const child = spawn(program, [...args], { cwd, env: { PATH, HOME, ...env }, stdio });
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    // one that could not be started closes too, with a code
    child.on('error', () => undefined);
    return child;
  }

  /** Runs it to its end; one that takes longer than `deadlineMs` is killed. @throws BenchError unless it exits with 0 */
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

  /** Ends all of them at once; nothing can be started any more. */
  killAll(): void {
    this.#isClosed = true;
    for (const child of this.#running) child.kill('SIGKILL');
  }
}

/** Kills it and waits until it has gone. */
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
