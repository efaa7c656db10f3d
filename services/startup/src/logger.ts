import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';

export type { Logger } from 'pino';

export interface LoggerSettings {
  readonly LOG_LEVEL: string;
  readonly LOG_FORMAT: 'json' | 'pretty';
}

/**
 * One line an event on standard output: `event` is the stable name, `msg` is for people. The lines of one turn of the event
 * loop are written together, after it; a fatal one at once, and the last words of a process that exits are written too.
 */
export function createLogger(settings: LoggerSettings): Logger {
  const options = { level: settings.LOG_LEVEL, base: null };
  const stdout = new TurnWriter();
  if (settings.LOG_FORMAT === 'json') return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, stdout);
  // For a person who watches: the sentence alone; everything else is in the json format.
  const pretty = prettyFactory({
    colorize: process.env['NO_COLOR'] === undefined && process.env['FORCE_COLOR'] !== undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    ignore: 'pid,hostname,name',
  });
  const destination = { write: (line: string) => stdout.write(pretty(line)), flushSync: () => stdout.flushSync() };
  return pino(options, destination);
}

/** How much of one turn is kept before it is written all the same. */
const TURN_CHARS_MAX = 65_536;

/** Writes what a turn brings with one call. */
class TurnWriter {
  readonly #stdout = pino.destination({ fd: 1, sync: true });
  #lines = '';

  constructor() {
    process.on('exit', () => this.flushSync());
  }

  write(line: string): void {
    if (this.#lines === '') setTimeout(() => this.flushSync(), 0);
    this.#lines += line;
    if (this.#lines.length >= TURN_CHARS_MAX) this.flushSync();
  }

  flushSync(): void {
    const lines = this.#lines;
    this.#lines = '';
    if (lines !== '') this.#stdout.write(lines);
  }
}
