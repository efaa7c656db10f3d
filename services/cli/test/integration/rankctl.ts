/** Runs the built rankctl. */

import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { eventually, repository, within } from '@rankd/testkit';

/** The path of the program. */
export const bin = resolve(repository, 'services/cli/bin/rankctl.js');
/** More than ten times the expected duration, ms. */
export const DEADLINE_MS = 20_000;

/** The end of a run. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of the built rankctl, with its output. */
export class Rankctl {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, program = bin) {
    // Outside the checkout, so that rankctl reads no .env.
    this.child = spawn(process.execPath, [program, ...args], {
      cwd: tmpdir(),
      env: { PATH: process.env['PATH'], ...env },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise(resolve => {
      this.child.once('close', code => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Resolves when standard output has text that matches. */
  async says(what: RegExp): Promise<void> {
    await eventually(DEADLINE_MS, `${String(what)} in ${JSON.stringify(this.stdout + this.stderr)}`, () =>
      what.test(this.stdout) ? true : undefined,
    ).catch(() => {
      throw new Error(`no ${String(what)} in:\n${this.stdout}\n${this.stderr}`);
    });
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async end(deadlineMs = DEADLINE_MS): Promise<Ended> {
    return await within(deadlineMs, 'the end of rankctl', this.ended);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
