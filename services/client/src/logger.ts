import { printable } from '@rankd/protocol';

/** Writes one log line. `fields` are for programs, with `event` as a stable name; `message` is a sentence for people. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** A logger in the shape of pino. The library logs no payloads and no secrets. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const ignore: LogMethod = () => undefined;

export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Escapes control characters in messages: they may quote text from the network, and people read them in a terminal. */
export function withPrintableMessages(logger: Logger): Logger {
  const method =
    (level: keyof Logger): LogMethod =>
    (fields, message) =>
      logger[level](fields, printable(message));
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}
