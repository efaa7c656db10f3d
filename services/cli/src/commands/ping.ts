/** The verb `ping`. */

import { setTimeout as sleep } from 'node:timers/promises';
import { RankdError, type Observer } from '@rankd/client/observer';
import { printable } from '@rankd/protocol';
import { open } from '../connection.js';
import type { NotDone } from '../errors.js';
import { formatError } from '../output/format-error.js';
import { reportFailure, writeJson, type CommandContext, type ExitCode } from './command-context.js';

/** The largest number of pings. */
export const PINGS_MAX = 100_000;
/** The shortest time between two pings, ms. The server answers 50 pings in a second (R-PACE-1). */
export const PING_INTERVAL_MS_MIN = 20;

interface PingOptions {
  readonly count: number;
  readonly intervalMs: number;
  /** How long to wait for each answer. */
  readonly timeoutMs: number;
}

/** The round trips of the pings that were answered, ms. `undefined`: not answered. */
type RoundTrips = readonly (number | undefined)[];

/** Pings the server and prints each round trip, and the shortest, the mean and the longest. Succeeds if one ping was answered. */
export async function ping(call: CommandContext, options: PingOptions): Promise<ExitCode> {
  const { connection, terminal, json } = call;
  using observer = await open(connection);
  const trips: (number | undefined)[] = [];
  let failure: NotDone | undefined;
  while (trips.length < options.count && failure === undefined && !terminal.unread.aborted) {
    const n = trips.length + 1;
    const trip = await measure(observer, options.timeoutMs);
    trips.push(typeof trip === 'number' ? trip : undefined);
    if (!json) terminal.write(lineOf(n, trip, { server: observer.welcome.server, timeoutMs: options.timeoutMs }));
    if (trip instanceof RankdError && trip.code !== 'RATE_LIMITED') failure = formatError(trip, connection);
    if (n < options.count && failure === undefined)
      await pause(options.intervalMs - (typeof trip === 'number' ? trip : 0), terminal.unread);
  }
  return report(call, observer, trips, failure);
}

/** Returns the round trip in ms, the error that ended the session or refused the ping, or `undefined` if there was no answer in time. */
async function measure(observer: Observer, timeoutMs: number): Promise<number | RankdError | undefined> {
  const stop = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: stop.signal }).catch(() => undefined);
  const answer = observer.ping().catch((error: unknown) => {
    if (error instanceof RankdError) return error;
    throw error;
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    stop.abort();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function lineOf(
  n: number,
  trip: number | RankdError | undefined,
  { server, timeoutMs }: { readonly server: string; readonly timeoutMs: number },
): string {
  if (typeof trip === 'number') return `answer ${n} from server ${printable(server)} after ${millis(trip)} ms`;
  const why = trip === undefined ? `within ${timeoutMs} ms` : `(${printable(trip.code)})`;
  return `no answer ${n} ${why}`;
}

function report(
  call: CommandContext,
  { welcome: { server } }: Observer,
  trips: RoundTrips,
  failure: NotDone | undefined,
): ExitCode {
  const answered = trips.filter(trip => trip !== undefined);
  const { url } = call.connection;
  const summary = summaryOf(answered);
  const error = failure === undefined ? {} : { error: { code: failure.code, message: failure.message } };
  if (call.json) {
    const roundTripsMs = trips.map(trip => (trip === undefined ? null : rounded(trip)));
    writeJson(call, { url, server, sent: trips.length, answered: answered.length, ...summary, roundTripsMs, ...error });
  } else {
    const times =
      summary === undefined
        ? ''
        : `, round trip min/avg/max ${millis(summary.minMs)}/${millis(summary.avgMs)}/${millis(summary.maxMs)} ms`;
    call.terminal.write(`${trips.length} sent, ${answered.length} answered${times}`);
  }
  if (failure !== undefined) reportFailure(call, failure.message);
  else if (answered.length === 0) reportFailure(call, `the server at ${url} answered none of ${trips.length} pings`);
  return answered.length === 0 ? 1 : 0;
}

function summaryOf(answered: readonly number[]): { minMs: number; avgMs: number; maxMs: number } | undefined {
  if (answered.length === 0) return undefined;
  const sum = answered.reduce((total, trip) => total + trip, 0);
  const [minMs, avgMs, maxMs] = [Math.min(...answered), sum / answered.length, Math.max(...answered)].map(rounded);
  return { minMs: minMs ?? 0, avgMs: avgMs ?? 0, maxMs: maxMs ?? 0 };
}

/** Rounds to microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function millis(ms: number): string {
  return ms.toFixed(2);
}
