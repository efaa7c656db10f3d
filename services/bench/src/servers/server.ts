/** Starts a program that listens. */

import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, end, type Command } from './child.js';
import { pinned } from '../machine/cpu-pinning.js';
import { untilListening } from './ports.js';
import type { ServerKind } from '../node-load/probe.js';
import type { BenchContext } from '../bench-context.js';

/** A server that listens, with the processes beside it. */
export interface Server extends AsyncDisposable {
  readonly kind: ServerKind;
  readonly pid: number;
  readonly port: number;
}

const startMs = 15_000;

/**
 * Starts a program on `core`. Resolves when it listens. Its output is written to a file.
 * @throws BenchError
 */
export async function startProgram(
  { children, tools, scratch }: BenchContext,
  { kind, port, core, command }: { kind: string; port: number; core: number | undefined; command: Command },
): Promise<{ pid: number; child: ChildProcess }> {
  const log = join(scratch, `${kind}-${port}.log`);
  const outputFd = openSync(log, 'a');
  const child = children.start(pinned({ ...command, outputFd }, core, tools));
  closeSync(outputFd);
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  if (!(await untilListening(port, startMs, isOver)) || child.pid === undefined) {
    await end(child);
    throw new BenchError(`${kind} did not start: ${readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? ''}`);
  }
  return { pid: child.pid, child };
}
