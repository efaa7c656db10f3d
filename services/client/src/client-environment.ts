import { systemClock, type Clock } from './clock.js';
import { createConnect, type Connect } from './connection/dial.js';

/** Everything that the library takes from the process around it. Tests replace it, so that no test waits for real time. */
export interface ClientEnvironment {
  readonly clock: Clock;
  /** Returns 0 to 1: for the jitter of the backoff, and for which address of a host name comes first. */
  readonly random: () => number;
  /** Opens a TCP or TLS connection. Not used if the caller of `join` passes its own `dial`. */
  readonly connect: Connect;
  /** Calls `run` when the process has read all bytes that have arrived by now. */
  readonly afterReads: (run: () => void) => void;
}

const random = (): number => Math.random();

export const systemEnvironment: ClientEnvironment = {
  clock: systemClock,
  random,
  connect: createConnect(random),
  afterReads: run => void setImmediate(run),
};
