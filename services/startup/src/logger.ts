import { pino, type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { printable } from '@rankd/protocol/printable';
import { LogSink } from './log-sink.js';
import { nonblockingOutput } from './nonblocking-output.js';

export type { Logger } from 'pino';

export interface LoggerSettings {
  readonly LOG_LEVEL: string;
  readonly LOG_FORMAT: 'json' | 'pretty';
}

/** Standard output, which has its last lines when the process exits. One a process. */
export function standardOutput(): LogSink {
  const sink = new LogSink(nonblockingOutput(1));
  process.on('exit', () => sink.flushAtExit());
  return sink;
}

/**
 * One line an event on standard output: `event` is the stable name, `msg` is for people. A fatal line is written at once. Lines that
 * the sink had to drop are counted in one line, `lines.dropped`, when it takes lines again.
 */
export function createLogger(settings: LoggerSettings, sink: LogSink = standardOutput()): Logger {
  const logger = formattedLogger(settings, sink);
  // At LOG_LEVEL=error too: a log that has a gap says so.
  const reports = logger.child({}, { level: settings.LOG_LEVEL === 'silent' ? 'silent' : 'warn' });
  sink.onDropped(count =>
    reports.warn(
      { event: 'lines.dropped', count },
      `${count} lines of this log were dropped: standard output did not take them (full disk, full pipe or stopped terminal)`,
    ),
  );
  return logger;
}

function formattedLogger({ LOG_LEVEL: level, LOG_FORMAT: format }: LoggerSettings, sink: LogSink): Logger {
  const options = { level, base: null };
  if (format === 'json') {
    const destination = destinationOf(sink, printableLine);
    return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  }
  // For a person who watches: the sentence alone; everything else is in the json format.
  const pretty = prettyFactory({
    colorize: process.env['NO_COLOR'] === undefined && process.env['FORCE_COLOR'] !== undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    ignore: 'pid,hostname,name',
    messageFormat: ({ msg }) => (typeof msg === 'string' ? printable(msg) : ''),
  });
  return pino(options, destinationOf(sink, pretty));
}

/** Writes each line to the sink as `shown` makes it. */
function destinationOf(sink: LogSink, shown: (line: string) => string): DestinationStream & { flushSync(): void } {
  return { write: line => sink.write(shown(line)), flushSync: () => sink.flushSync() };
}

/** A field may quote what a peer sent, and the line may be read at a terminal. Its JSON means the same. */
function printableLine(line: string): string {
  return line.endsWith('\n') ? `${printable(line.slice(0, -1))}\n` : printable(line);
}
