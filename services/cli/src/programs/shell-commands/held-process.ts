/** Starts a shell line in a process group that ends with rankctl at the latest (R-PROG-5). */

import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { RankdError } from '@rankd/client/internal';
import type { GuardKeeper } from '../process/guard-keeper.js';
import { killGroup, signalGroup } from '../process/process-group.js';
import { deathSignalPrefix } from '../process/program-process.js';

/** How a process ended: with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process whose standard streams are pipes, in a session and a process group of its own. */
export interface HeldProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process has ended and no process of its group runs. Its output may not have been read yet. */
  readonly gone: Promise<ProcessEnd>;
  /** Sends SIGKILL to every process of its group. */
  readonly kill: () => void;
}

/**
 * Starts a program.
 * @param signal ends the wait for a guard
 * @throws Error of the system if it cannot be started; RankdError ABORTED
 */
export type StartHeld = (
  words: readonly [string, ...string[]],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
) => Promise<HeldProcess>;

/** The parts of a guard keeper that hold a shell line. */
export type LineGuards = Pick<GuardKeeper, 'waitForGuard' | 'on' | 'off'>;

/** Returns a function that starts programs under the current guard. While there is no guard, it waits for one. */
export function startHeldBy(guards: LineGuards): StartHeld {
  return async (words, environment, signal) => {
    const guard = await guards.waitForGuard(signal);
    if (guard === undefined || signal.aborted) throw new RankdError('ABORTED');
    // The guard searches for this variable if rankctl is killed before it can name the group.
    guard.announce(environment['RANKD_MEMBER'] ?? '');
    const [file, ...args] = [...deathSignalPrefix(), ...words] as [string, ...string[]];
    const child = spawn(file, args, { detached: true, env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    const { pid } = child;
    if (pid === undefined) {
      guard.withdraw();
      throw await new Promise<Error>(resolve => child.once('error', resolve));
    }
    guard.hold(pid);
    const kill = (): void => void signalGroup(pid, 'SIGKILL');
    guards.on('died', kill);
    const exited = new Promise<ProcessEnd>(resolve => {
      child.once('exit', (code, endedBy) => resolve({ code, signal: endedBy }));
    });
    const gone = exited.then(async end => {
      await killGroup(pid);
      guard.release(pid);
      guards.off('died', kill);
      return end;
    });
    return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, gone, kill };
  };
}
