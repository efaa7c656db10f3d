import { resolve } from 'node:path';
import { ChildProcess } from '@rankd/testkit';

const program = resolve(__dirname, '../../dist/main.js');

/** What a run of the built simulator says of itself. */
export interface Run {
  /** Each seed that broke an invariant, in words. */
  readonly broken: readonly string[];
  readonly lines: readonly string[];
  readonly seeds: number;
  readonly seconds: number;
}

/** Runs the built simulator, in a process of its own, to its end. */
export async function runSimulator(...args: readonly string[]): Promise<Run> {
  const simulator = new ChildProcess(process.execPath, [program, ...args]);
  const { code } = await simulator.exited;
  const last = simulator.lines.at(-1) ?? '';
  if (code === null || code > 1 || !last.startsWith('{'))
    throw new Error(`exit ${code ?? 'by signal'}:\n${simulator.output}`);
  const { seeds, seconds } = JSON.parse(last) as { readonly seeds: number; readonly seconds: number };
  return { broken: simulator.lines.filter(line => line.startsWith('seed ')), lines: simulator.lines, seeds, seconds };
}
