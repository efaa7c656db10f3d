import { printable } from '@rankd/protocol';

/** One line a call: `fields` for machines, with `event` as its stable name, and a sentence for people. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Where the library tells what happens, in the shape of a pino logger. It tells no payloads and no secrets. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const ignore: LogMethod = () => undefined;

export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A sentence may quote a name, a reason or an error message that came from the network, and is read at a terminal. */
export function withPrintableMessages(logger: Logger): Logger {
  const method =
    (level: keyof Logger): LogMethod =>
    (fields, message) =>
      logger[level](fields, printable(message));
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}
