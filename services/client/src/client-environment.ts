/** The clock, randomness and connections that the library uses. */

import { systemClock, type Clock } from './clock.js';
import { createConnect, type Connect } from './connection/dial.js';

/** The clock, randomness and connections that the library uses. Tests pass their own, so that no test waits for real time. */
export interface ClientEnvironment {
  readonly clock: Clock;
  /** Returns a number from 0 to 1. It varies the delays between attempts, and selects which address of a host name is tried first. */
  readonly random: () => number;
  /** Opens a TCP or TLS connection. It is not used if the caller of `join` passes `dial`. */
  readonly connect: Connect;
  /** Calls `run` after the process has read all bytes that have arrived so far. */
  readonly afterReads: (run: () => void) => void;
}

const random = (): number => Math.random();

/** The clock, randomness and connections of the system. */
export const systemEnvironment: ClientEnvironment = {
  clock: systemClock,
  random,
  connect: createConnect(random),
  afterReads: run => void setImmediate(run),
};
