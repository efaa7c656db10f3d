/** Runs a line in a shell, with its whole process group under a deadline. */

import { setTimeout as sleep } from 'node:timers/promises';
import { onAbort } from '@rankd/protocol';
import { type KeptOutput, LastLine, OutputHead } from './bounded-output.js';
import type { HeldProcess, ProcessEnd, StartHeld } from './held-process.js';

/** How long to read output after the group has ended, ms. A process that has left the group may keep the pipe open. */
const DRAIN_MS = 200;

/** What a shell line gets. */
export interface ShellLine {
  readonly line: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Written to standard input. */
  readonly input: string;
  /** How much of standard output is kept, bytes. */
  readonly outputBytesMax: number;
  /** Kills the whole group of the line when it is aborted. */
  readonly signal: AbortSignal;
}

/** How a shell line ended. */
export interface ShellLineEnd extends ProcessEnd {
  readonly output: KeptOutput;
  /** The last line of standard error that is not blank. Empty if there is none. */
  readonly errorLine: string;
}

/**
 * Runs a line under `/bin/sh -c`. When the shell ends, the other processes of its group are killed.
 * @throws Error of the system if the shell cannot be started; RankdError ABORTED if `signal` is aborted before the start
 */
export async function runShellLine(
  startHeld: StartHeld,
  { line, environment, input, outputBytesMax, signal }: ShellLine,
): Promise<ShellLineEnd> {
  const output = new OutputHead(outputBytesMax);
  const lastLine = new LastLine();
  const held = await startHeld(['/bin/sh', '-c', line], environment, signal);
  const removeListener = onAbort(signal, () => held.kill());
  const outputsEnded = Promise.all([
    readAll(held.stdout, chunk => output.add(chunk)),
    readAll(held.stderr, chunk => lastLine.add(chunk)),
  ]);
  // If the line does not read its input, the write fails with EPIPE. That is not an error.
  held.stdin.on('error', () => undefined);
  held.stdin.end(input);
  try {
    const end = await held.gone;
    await Promise.race([outputsEnded, sleep(DRAIN_MS, undefined, { ref: false })]);
    return { ...end, output: output.read(), errorLine: lastLine.read() };
  } finally {
    removeListener();
    destroyStreams(held);
  }
}

async function readAll(stream: HeldProcess['stdout'], add: (chunk: Buffer) => void): Promise<void> {
  stream.on('data', add);
  await new Promise<void>(resolve => {
    stream.once('close', resolve);
    stream.once('error', () => resolve());
  });
}

function destroyStreams({ stdin, stdout, stderr }: HeldProcess): void {
  for (const stream of [stdin, stdout, stderr]) stream.destroy();
}
