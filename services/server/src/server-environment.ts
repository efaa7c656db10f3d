import { hostname } from 'node:os';
import { standardOutput, type LogSink } from '@rankd/startup';
import { systemClock, type Clock } from './clock.js';
import { RandomPool } from './gateway/session/random-pool.js';

/** The clock, randomness, name, log and files that a server gets from its process. Tests pass their own, with a clock that they advance. */
export interface ServerEnvironment {
  /** Time and timers. */
  readonly clock: Clock;
  /** Returns `size` random bytes for ids and secrets. They must be impossible to guess. */
  readonly randomBytes: (size: number) => Buffer;
  /** Returns a random number from 0 (included) to 1 (excluded), for delays of retries. */
  readonly fraction: () => number;
  /** The name of this server for people: in `welcome`, in the mirror, and in the list of a cluster's servers. */
  readonly hostName: string;
  /** Receives the lines of the log. */
  readonly logSink: LogSink;
  /** The directory of the live page's files. Without it, the side port has no page. */
  readonly pageDirectory: URL;
}

/** Returns the environment of a real process, which logs to standard output. Must be called once in a process. */
export function systemEnvironment(): ServerEnvironment {
  const random = new RandomPool();
  return {
    clock: systemClock,
    randomBytes: size => random.takeBytes(size),
    fraction: () => Math.random(),
    hostName: hostname(),
    logSink: standardOutput(),
    // The bundle of the server copies the page to this directory.
    pageDirectory: new URL('./page/', import.meta.url),
  };
}
