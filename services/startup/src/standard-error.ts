/** Writes to standard error without blocking the process. */

import { format, inspect } from 'node:util';
import { LogSink } from './log-sink.js';
import { nonblockingOutput } from './nonblocking-output.js';

let sink: LogSink | undefined;

/** Writes a line to standard error. It neither blocks nor ends the process. */
export function writeStandardError(line: string): void {
  standardError().write(`${line}\n`);
}

/**
 * Makes Node write warnings, console output and fatal errors without waiting for the reader of standard error. By default Node waits. A
 * terminal after Ctrl-S then blocks the process, or keeps a crashed process alive. The exit code of a crash stays 1.
 */
export function keepStandardErrorFromBlocking(): void {
  const writeFormatted = (...values: unknown[]): void => writeStandardError(format(...values));
  console.error = writeFormatted;
  console.warn = writeFormatted;
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => writeStandardError(`${name}: ${message}`));
  process.on('uncaughtException', (error: unknown) => {
    writeStandardError(inspect(error));
    process.exit(1);
  });
}

function standardError(): LogSink {
  if (sink !== undefined) return sink;
  const opened = new LogSink(nonblockingOutput(2));
  opened.onDropped(count => opened.write(`${count} lines were dropped: standard error did not accept them\n`));
  process.on('exit', () => opened.flushAtExit());
  sink = opened;
  return opened;
}
