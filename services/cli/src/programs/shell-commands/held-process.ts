/** Starts a program in a process group of its own. */

import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** How a process ended: with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process whose standard streams are pipes. */
export interface HeldProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process has ended, although its output may not have been read yet. Rejects if it cannot be started. */
  readonly exited: Promise<ProcessEnd>;
  /** Sends SIGKILL to every process of its group. */
  readonly killGroup: () => void;
}

/** Starts a program. Its process group ends with rankctl at the latest (R-PROG-5). */
export type StartHeld = (
  file: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
) => HeldProcess | Promise<HeldProcess>;

/** Starts a program in a session and a process group of its own. */
export function startInOwnGroup(file: string, args: readonly string[], environment: NodeJS.ProcessEnv): HeldProcess {
  const child = spawn(file, args, { detached: true, env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', reject);
  });
  const { pid } = child;
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    killGroup: () => {
      if (pid !== undefined) killGroup(pid);
    },
  };
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    // ESRCH: no process of the group runs. EPERM on macOS: only zombies are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
