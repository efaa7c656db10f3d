/** Runs the built simulator. */

import { resolve } from 'node:path';
import { ChildProcess } from '@rankd/testkit';

const program = resolve(__dirname, '../../dist/main.js');

/** The output of a run of the built simulator. */
export interface Run {
  /** A line for each seed that broke an invariant. */
  readonly broken: readonly string[];
  readonly lines: readonly string[];
  readonly seeds: number;
  readonly seconds: number;
}

/** Runs the built simulator in its own process until it exits. */
export async function runSimulator(...args: readonly string[]): Promise<Run> {
  const simulator = new ChildProcess(process.execPath, [program, ...args]);
  const { code } = await simulator.exited;
  const last = simulator.lines.at(-1) ?? '';
  if (code === null || code > 1 || !last.startsWith('{'))
    throw new Error(`exit ${code ?? 'by signal'}:\n${simulator.output}`);
  const { seeds, seconds } = JSON.parse(last) as { readonly seeds: number; readonly seconds: number };
  return { broken: simulator.lines.filter(line => line.startsWith('seed ')), lines: simulator.lines, seeds, seconds };
}
