import { inspect } from 'node:util';
import { LogSink } from './log-sink.js';
import { nonblockingOutput } from './nonblocking-output.js';

let sink: LogSink | undefined;

/** Writes a line to standard error. It neither blocks nor ends the process, whatever standard error is. */
export function writeStandardError(line: string): void {
  standardError().write(`${line}\n`);
}

/**
 * Node writes warnings and the error that ends a process with calls that wait for whoever reads standard error: a terminal after
 * Ctrl-S would stop the process, or keep one alive that has crashed. The same is written here without waiting. Exit 1, as without it.
 */
export function reportFaultsWithoutBlocking(): void {
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
