/** The log of a process: one line for each event. */

import { pino, type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { printable } from '@rankd/protocol/printable';
import { LogSink } from './log-sink.js';
import { nonblockingOutput } from './nonblocking-output.js';

export type { Logger } from 'pino';

/** The settings of the log (docs/configuration.md). */
export interface LoggerSettings {
  readonly LOG_LEVEL: string;
  readonly LOG_FORMAT: 'json' | 'pretty';
}

/** Returns the sink for standard output. It writes its last lines when the process exits. Must be called once in a process. */
export function standardOutput(): LogSink {
  const sink = new LogSink(nonblockingOutput(1));
  process.on('exit', () => sink.flushAtExit());
  return sink;
}

/**
 * Creates a logger that writes one line for each event. `event` is the stable name, and `msg` is a sentence for people. A fatal line is
 * written at once. If the sink has dropped lines, one line `lines.dropped` contains their number.
 */
export function createLogger(settings: LoggerSettings, sink: LogSink = standardOutput()): Logger {
  const logger = formattedLogger(settings, sink);
  // The line about dropped lines is written even at LOG_LEVEL=error, because it explains a gap in the log.
  const reports = logger.child({}, { level: settings.LOG_LEVEL === 'silent' ? 'silent' : 'warn' });
  sink.onDropped(count =>
    reports.warn(
      { event: 'lines.dropped', count },
      `${count} lines of this log were dropped: standard output did not accept them (full disk, full pipe or stopped terminal)`,
    ),
  );
  return logger;
}

/** Logs the warnings about the settings. The program starts nevertheless. */
export function logSettingsWarnings(logger: Logger, warnings: readonly string[]): void {
  for (const warning of warnings) logger.warn({ event: 'settings.warning' }, printable(warning));
}

function formattedLogger({ LOG_LEVEL: level, LOG_FORMAT: format }: LoggerSettings, sink: LogSink): Logger {
  const options = { level, base: null };
  if (format === 'json') {
    const destination = destinationOf(sink, printableLine);
    return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  }
  // The pretty format shows the sentence only. The json format has all fields.
  const pretty = prettyFactory({
    colorize: process.env['NO_COLOR'] === undefined && process.env['FORCE_COLOR'] !== undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    ignore: 'pid,hostname,name',
    messageFormat: ({ msg }) => (typeof msg === 'string' ? printable(msg) : ''),
  });
  return pino(options, destinationOf(sink, pretty));
}

/** Returns a destination for pino that writes each line to the sink, as `shown` formats it. */
function destinationOf(sink: LogSink, shown: (line: string) => string): DestinationStream & { flushSync(): void } {
  return { write: line => sink.write(shown(line)), flushSync: () => sink.flushSync() };
}

/** Escapes control characters, because a field may quote a client and a terminal may show the line. The escaped JSON has the same value. */
function printableLine(line: string): string {
  return line.endsWith('\n') ? `${printable(line.slice(0, -1))}\n` : printable(line);
}
