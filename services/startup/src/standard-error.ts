import { format, inspect } from 'node:util';
import { LogSink } from './log-sink.js';
import { nonblockingOutput } from './nonblocking-output.js';

let sink: LogSink | undefined;

/** Writes a line to standard error. It neither blocks nor ends the process, whatever standard error is. */
export function writeStandardError(line: string): void {
  standardError().write(`${line}\n`);
}

/**
 * Node writes warnings, the error that ends a process, and what libraries give to the console with calls that wait for the reader of
 * standard error: a terminal after Ctrl-S stops the process, or keeps one alive that has crashed. From here on the same is written
 * without waiting. The exit code of a crash stays 1.
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
  opened.onDropped(count => opened.write(`${count} lines were dropped: standard error did not take them\n`));
  process.on('exit', () => opened.flushAtExit());
  sink = opened;
  return opened;
}
