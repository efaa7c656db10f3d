import { hostname } from 'node:os';
import { standardOutput, type LogSink } from '@rankd/startup';
import { systemClock, type Clock } from './clock.js';
import { RandomPool } from './gateway/session/random-pool.js';

/** What a server takes from the process and the machine that it runs on. A test passes its own, with a clock that it advances. */
export interface ServerEnvironment {
  /** Time and timers. */
  readonly clock: Clock;
  /** Returns `size` bytes. Ids and secrets are made of them, so nobody must be able to guess them. */
  readonly randomBytes: (size: number) => Buffer;
  /** Returns a number from 0 up to, not including, 1. It spreads retries. */
  readonly fraction: () => number;
  /** The name under which people know this server: in the welcome, in the mirror, in the list of a cluster's servers. */
  readonly hostName: string;
  /** Receives the lines of the log. */
  readonly logSink: LogSink;
  /** Holds the files of the live page. The side port serves none if it does not exist. */
  readonly pageDirectory: URL;
}

/** The environment of a real process, which logs to standard output. To be called once a process. */
export function systemEnvironment(): ServerEnvironment {
  const random = new RandomPool();
  return {
    clock: systemClock,
    randomBytes: size => random.takeBytes(size),
    fraction: () => Math.random(),
    hostName: hostname(),
    logSink: standardOutput(),
    // `npm run build` writes the page there.
    pageDirectory: new URL('../../page/dist/', import.meta.url),
  };
}
