/** Starts and stops the program of a member, one process at a time. */

import { EventEmitter } from 'node:events';
import { type Clock, systemEnvironment, type Timer } from '@rankd/client/internal';
import { type MemberFields } from './line/member-fields.js';
import { fillLine, programEnvironment, type ProgramLine, type Variables } from './line/program-line.js';
import { findExecutable } from './line/executable.js';
import type { Guard } from './process/guard.js';
import { monotonicMs } from './process/guard-messages.js';
import type { GuardKeeper } from './process/guard-keeper.js';
import { ProgramProcess } from './process/program-process.js';

/** Why rankctl stops a program. */
export type StopCause =
  /** The member does not lead any more, or its lease is about to end. */
  | 'leadership'
  /** The fields that the program was started with have changed. */
  | 'change'
  /** The guard has died. */
  | 'guard'
  /** rankctl ends. */
  | 'ending';

/** How a program has ended. */
export interface ProgramExit {
  /** The exit code of CMD; 128 + n if signal n has ended it. */
  readonly code: number;
  /** Why rankctl has stopped it. Undefined: it has exited by itself. */
  readonly stopped: StopCause | undefined;
}

/** A program that runs. */
export interface RunningProgram {
  /** The process id of CMD. */
  readonly pid: number;
  /** The fields that it was started with. */
  readonly fields: MemberFields;
}

/** The events of a runner. */
interface ProgramRunnerEvents {
  started: [RunningProgram];
  /** Nothing of the program runs any more. */
  ended: [RunningProgram & ProgramExit];
}

/** The settings of a runner. */
export interface ProgramRunnerSettings {
  readonly line: ProgramLine;
  /** How long a program may take to stop after SIGTERM, ms. */
  readonly stopTimeoutMs: number;
  /** Returns variables that other parts of rankctl give to the program. */
  readonly extraVariables?: (() => Variables) | undefined;
}

/** One run of the program. */
interface Run extends RunningProgram {
  readonly process: ProgramProcess;
  stopped: StopCause | undefined;
  killTimer: Timer | undefined;
}

/** Runs CMD under a guard. */
export class ProgramRunner extends EventEmitter<ProgramRunnerEvents> {
  readonly #settings: ProgramRunnerSettings;
  readonly #clock: Clock;
  #run: Run | undefined;

  constructor(settings: ProgramRunnerSettings, guards: GuardKeeper, clock: Clock = systemEnvironment.clock) {
    super();
    this.#settings = settings;
    this.#clock = clock;
    guards.on('died', () => this.kill('guard'));
  }

  /** The program that runs. Undefined if none does. */
  get running(): RunningProgram | undefined {
    return this.#run;
  }

  /**
   * Starts the program under `guard`. Resolves when nothing of it runs any more. The caller must check in the same round of the event loop
   * that the member may start it.
   * @throws ProgramEnd 126 or 127 if it cannot be started
   */
  async run(fields: MemberFields, guard: Guard): Promise<ProgramExit> {
    const { line, extraVariables } = this.#settings;
    const env = programEnvironment(line, fields, process.env, extraVariables?.());
    const words = fillLine(line, fields);
    findExecutable(words[0], env['PATH']);
    guard.announce(fields.member);
    const started = ProgramProcess.start({ line: words, env });
    if (!(started instanceof ProgramProcess)) {
      guard.withdraw();
      throw await started;
    }
    guard.hold(started.pid);
    const run: Run = { pid: started.pid, fields, process: started, stopped: undefined, killTimer: undefined };
    this.#run = run;
    // The guard may have died while the program was started.
    if (!guard.isUp) this.kill('guard');
    this.emit('started', run);
    const code = await started.gone;
    run.killTimer?.cancel();
    // The program has not exited by itself: the guard has killed it while rankctl was suspended.
    if (started.wasKilled === true && monotonicMs() >= (guard.killAtMs ?? Infinity)) run.stopped ??= 'leadership';
    guard.release(run.pid);
    this.#run = undefined;
    const exit = { code, stopped: run.stopped };
    this.emit('ended', { pid: run.pid, fields, ...exit });
    return exit;
  }

  /** Asks the program to stop with SIGTERM. Kills it after the stop timeout. Does nothing if it is stopping already. */
  stop(cause: StopCause): void {
    const run = this.#run;
    if (run === undefined || run.stopped !== undefined) return;
    run.stopped = cause;
    run.process.signal('SIGTERM');
    run.killTimer = this.#clock.after(this.#settings.stopTimeoutMs, () => this.kill(cause));
  }

  /** Kills every process of the program at once. */
  kill(cause: StopCause): void {
    const run = this.#run;
    if (run === undefined) return;
    run.stopped ??= cause;
    run.process.signalAll('SIGKILL');
  }

  /** Sends a signal to the program's process. Returns whether it runs. */
  signal(signal: NodeJS.Signals): boolean {
    this.#run?.process.signal(signal);
    return this.#run !== undefined;
  }
}
