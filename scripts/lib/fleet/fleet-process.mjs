import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../run.mjs';
import { say } from '../terminal.mjs';

const restartAfterMs = 1000;
const stopGraceMs = 20_000;

/** One program of the fleet, kept running until it is stopped, as Compose does under `restart: unless-stopped`. */
export class FleetProcess {
  /** Once false, it is not started again. */
  wanted = true;
  /** It had to be. */
  killed = false;
  /** Settles when it has ended for good. */
  keptRunning = Promise.resolve();

  #program;
  #watchdog;
  #print;
  #child;
  #ended;

  /** `print` gets each line of its output. */
  constructor(program, { watchdog, print }) {
    this.#program = program;
    this.#watchdog = watchdog;
    this.#print = print;
  }

  get running() {
    return this.#child !== undefined;
  }

  /** Starts it. Resolves when it has ended and all it printed is read, and says how. */
  start() {
    const { command, args, env } = this.#program;
    // a group of its own, so that the terminal's Ctrl-C reaches it only through us, once and in order
    const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    if (child.pid !== undefined) this.#watchdog.started(child.pid);
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', this.#print);
    // a program that could not be started says so here, and closes like any other
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

  /** Starts it, unless it runs, and again whenever it has ended. */
  keepRunning() {
    this.keptRunning = this.#keepRunning();
  }

  async #keepRunning() {
    if (!this.running) void this.start();
    for (;;) {
      const how = await this.#ended;
      if (!this.wanted) return;
      say(`${this.#program.name} exited with ${how}; starting it again in ${restartAfterMs / 1000} s`);
      await sleep(restartAfterMs);
      if (!this.wanted) return;
      void this.start();
    }
  }

  /** Asks it to end and waits until it has; what does not end in time is killed. */
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
      // it has just ended
    }
  }
}
