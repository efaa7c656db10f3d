/** One process of a program, in a session and process group of its own (R-PROG-5). */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { findExecutable } from '../line/executable.js';
import { codeOfSignal, ProgramEnd } from '../program-end.js';
import { killGroup, signalGroup } from './process-group.js';

/** How long to wait for the answer whether `setpriv` works, ms. */
const PROBE_MS = 2000;

/** What to start. */
export interface ProgramStart {
  /** CMD and its arguments, with placeholders replaced. */
  readonly line: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** A program that runs. It has rankctl's standard streams and no controlling terminal. */
export class ProgramProcess {
  /** The process id of CMD, which is also its process group and session. */
  readonly pid: number;
  /** Resolves with CMD's exit code when CMD has exited and nothing of its group runs any more. 128 + n if signal n has ended it. */
  readonly gone: Promise<number>;
  /** Whether SIGKILL has ended CMD. Undefined while it runs. */
  wasKilled: boolean | undefined;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child;
    this.pid = pid;
    this.gone = new Promise<number>(resolve => {
      child.once('exit', (code, signal) => {
        this.wasKilled = signal === 'SIGKILL';
        resolve(code ?? codeOfSignal(signal ?? 'SIGKILL'));
      });
    }).then(async code => {
      await killGroup(pid);
      return code;
    });
  }

  /** Starts a program. Returns the reason if the system cannot start it: 126 or 127. */
  static start({ line, env }: ProgramStart): ProgramProcess | Promise<ProgramEnd> {
    const [file, ...args] = [...deathSignalPrefix(), ...line] as [string, ...string[]];
    const fail = ({ code, message }: NodeJS.ErrnoException): ProgramEnd =>
      new ProgramEnd(code === 'ENOENT' ? 127 : 126, `cannot start ${line[0]}: ${code ?? message}`);
    try {
      const child = spawn(file, args, { detached: true, stdio: 'inherit', env });
      if (child.pid !== undefined) return new ProgramProcess(child, child.pid);
      return new Promise(resolve => void child.once('error', error => resolve(fail(error))));
    } catch (error) {
      return Promise.resolve(fail(error as NodeJS.ErrnoException));
    }
  }

  /** Sends a signal to CMD's process alone. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal to every process of the group. */
  signalAll(signal: NodeJS.Signals): void {
    signalGroup(this.pid, signal);
  }
}

let prefix: readonly string[] | undefined;

/** Returns the words before CMD that make the kernel kill CMD when rankctl ends. None if this system's `setpriv` cannot do it. */
export function deathSignalPrefix(): readonly string[] {
  prefix ??= findDeathSignalPrefix();
  return prefix;
}

function findDeathSignalPrefix(): readonly string[] {
  try {
    // Use the full path, because the program may have another PATH.
    const setpriv = findExecutable('setpriv', process.env['PATH']);
    const words = ['--pdeathsig', 'KILL', '--'];
    const probe = spawnSync(setpriv, [...words, setpriv, '--version'], { stdio: 'ignore', timeout: PROBE_MS });
    return probe.status === 0 ? [setpriv, ...words] : [];
  } catch {
    return [];
  }
}
