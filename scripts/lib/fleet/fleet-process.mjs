/** One process of a local fleet. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../run.mjs';
import { say } from '../terminal.mjs';

const restartAfterMs = 1000;
const stopGraceMs = 20_000;

/** One program of the fleet. It is restarted until it is stopped, as with Compose's `restart: unless-stopped`. */
export class FleetProcess {
  /** Whether to restart it when it has ended. */
  wanted = true;
  /** Whether it was killed. */
  killed = false;
  /** Settles when the program has ended and is not restarted. */
  keptRunning = Promise.resolve();

  #program;
  #watchdog;
  #print;
  #child;
  #ended;

  /** `print` is called with each line of its output. */
  constructor(program, { watchdog, print }) {
    this.#program = program;
    this.#watchdog = watchdog;
    this.#print = print;
  }

  get running() {
    return this.#child !== undefined;
  }

  /** Starts the program. When it has ended and its output is read, resolves with how it ended. */
  start() {
    const { command, args, env } = this.#program;
    // It has its own process group, so that Ctrl-C reaches only this script. The script then stops the programs in order.
    const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    if (child.pid !== undefined) this.#watchdog.started(child.pid);
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', this.#print);
    // If a program cannot be started, `error` is emitted, and `close` follows.
    child.once('error', error => this.#print(String(error)));
    this.#ended = new Promise(resolve => {
      child.once('close', (code, signal) => {
        this.#child = undefined;
        if (child.pid !== undefined) this.#watchdog.ended(child.pid);
        resolve(signal ?? `code ${code}`);
      });
    });
    return this.#ended;
  }

  /** Starts the program if it does not run, and restarts it when it ends. */
  keepRunning() {
    this.keptRunning = this.#keepRunning();
  }

  async #keepRunning() {
    if (!this.running) void this.start();
    for (;;) {
      const how = await this.#ended;
      if (!this.wanted) return;
      say(`${this.#program.name} exited with ${how}; restarting it in ${restartAfterMs / 1000} s`);
      await sleep(restartAfterMs);
      if (!this.wanted) return;
      void this.start();
    }
  }

  /** Sends SIGTERM and waits for the end. Kills the program if it does not end in time. */
  async stop() {
    this.wanted = false;
    this.#signal('SIGTERM');
    const timer = setTimeout(() => {
      say(`${this.#program.name} has not stopped after ${stopGraceMs / 1000} s: killing it`);
      this.kill();
    }, stopGraceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  kill() {
    this.wanted = false;
    if (this.running) this.killed = true;
    this.#signal('SIGKILL');
  }

  #signal(signal) {
    try {
      if (this.#child?.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // ESRCH: the process has just ended.
    }
  }
}
