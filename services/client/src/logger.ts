/** The logger that a user passes to `join`. */

import { printable } from '@rankd/protocol';

/** Writes one log line. `fields` are for programs, and `fields.event` is a stable name. `message` is a sentence for people. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** A logger. A pino logger has this shape. The library logs neither payloads nor secrets. */
export interface Logger {
  /** For the changes of partitions. */
  readonly debug: LogMethod;
  /** For the normal events of a membership. */
  readonly info: LogMethod;
  /** For suspensions, lost sessions and commands that were not executed. */
  readonly warn: LogMethod;
  /** For handlers of partitions that failed. */
  readonly error: LogMethod;
}

const ignore: LogMethod = () => undefined;

/** Drops every line. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * Returns a logger that escapes control characters in messages. Messages may quote text from the network, and people read them in
 * a terminal.
 */
export function withPrintableMessages(logger: Logger): Logger {
  const method =
    (level: keyof Logger): LogMethod =>
    (fields, message) =>
      logger[level](fields, printable(message));
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}
