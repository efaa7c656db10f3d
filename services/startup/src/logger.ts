import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';

export type { Logger } from 'pino';

export interface LoggerSettings {
  readonly LOG_LEVEL: string;
  readonly LOG_FORMAT: 'json' | 'pretty';
}

/**
 * One line an event on standard output: `event` is the stable name, `msg` is for people. Written at once, so that the last
 * words of a process that ends are read too.
 */
export function createLogger(settings: LoggerSettings): Logger {
  const options = { level: settings.LOG_LEVEL, base: null };
  const stdout = pino.destination({ fd: 1, sync: true });
  if (settings.LOG_FORMAT === 'json') return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, stdout);
  // For a person who watches: the sentence alone; everything else is in the json format.
  const pretty = prettyFactory({
    colorize: process.env['NO_COLOR'] === undefined && process.env['FORCE_COLOR'] !== undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    ignore: 'pid,hostname,name',
  });
  return pino(options, { write: line => void stdout.write(pretty(line)) });
}
