/** Runs the built `rankctl run` and `lead` in a folder of the test. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@rankd/testkit';
import { DEADLINE_MS, Rankctl } from '../rankctl.js';

/** The runs and the folder of one test. */
export class ProgramRuns {
  readonly #runs: Rankctl[] = [];
  #folder = '';

  /** Makes the folder. Call it before each test. */
  open(): void {
    this.#folder = mkdtempSync(join(tmpdir(), 'rankctl-access-'));
  }

  /** Kills what runs and removes the folder. Call it after each test. */
  async close(): Promise<void> {
    for (const { child } of this.#runs) child.kill('SIGKILL');
    await Promise.all(this.#runs.splice(0).map(async ({ ended }) => ended));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Returns the path of a file in the folder. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Starts rankctl. */
  start(args: readonly string[], env: Readonly<Record<string, string>>): Rankctl {
    const run = new Rankctl(args, env);
    this.#runs.push(run);
    return run;
  }
}

/** Resolves when the output of a run, rankctl's own or its program's, matches. */
export async function says(run: Rankctl, what: RegExp): Promise<RegExpExecArray> {
  const found = (): RegExpExecArray | undefined => what.exec(run.stdout + run.stderr) ?? undefined;
  return await eventually(DEADLINE_MS, String(what), found).catch(() => {
    throw new Error(`no ${String(what)} in:\n${run.stdout}\n${run.stderr}`);
  });
}
