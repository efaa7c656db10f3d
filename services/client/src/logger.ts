/** One line a call: `fields` for machines, with `event` as its stable name, and a sentence for people. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Where the library tells what happens, in the shape of a pino logger. It tells no payloads and no secrets. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const nobody: LogMethod = () => undefined;

export const silentLogger: Logger = { debug: nobody, info: nobody, warn: nobody, error: nobody };
