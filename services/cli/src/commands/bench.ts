/** The verb `bench`. */

import { randomBytes } from 'node:crypto';
import {
  BenchError,
  benchTarget,
  createTerminalReporter,
  documentedDefaults,
  serverIn,
  startOwnServer,
  type Target,
  type TargetReport,
} from '@rankd/bench';
import { formatAddress, openSocket, parseServerAddresses, RankdError, systemEnvironment } from '@rankd/client/internal';
import { printable } from '@rankd/protocol';
import { readTlsFiles } from '@rankd/startup/tls-files';
import { open, type Connection } from '../connection.js';
import { NotDone, UsageError } from '../errors.js';
import { benchTables } from '../output/bench-tables.js';
import { formatError } from '../output/format-error.js';
import { Output } from '../terminal/standard-output.js';
import { type CommandContext, type ExitCode, writeJson } from './command-context.js';

interface BenchOptions {
  readonly quick: boolean;
  readonly members: number;
  /** The URL of a running server. Undefined: the command starts a server. */
  readonly url: string | undefined;
}

const connectMs = 5000;

/** Measures rankd on this machine with the engine of scripts/bench. */
export async function bench(call: CommandContext, options: BenchOptions): Promise<ExitCode> {
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stop);
  try {
    const report = await measure(call, options, interrupt.signal);
    if (call.json) writeJson(call, { ...report, documented: documentedDefaults });
    else call.terminal.write(benchTables(report, call.terminal).join('\n'));
    return report.rows.every(({ probes }) => probes.every(({ samples }) => samples.length > 0)) ? 0 : 1;
  } catch (error) {
    if (error instanceof RankdError) throw new NotDone('BENCH_FAILED', formatError(error, call.connection).message);
    throw error instanceof BenchError ? new NotDone('BENCH_FAILED', error.message) : error;
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}

async function measure(
  { connection, repository }: CommandContext,
  options: BenchOptions,
  signal: AbortSignal,
): Promise<TargetReport> {
  const { quick, members, url } = options;
  const reporter = createTerminalReporter(new Output(process.stderr), printable);
  if (url !== undefined) {
    // Connect an observer first: if the server is not rankd, its error says so. The load generator reads only frames of rankd.
    (await open(connection, signal)).close();
    return await benchTarget(targetOf(connection), { quick, members, signal }, reporter);
  }
  if (serverIn(repository) === undefined) {
    throw new UsageError(
      'this package of rankctl contains no server to start: give the address of a running server with --url',
    );
  }
  await using server = await startOwnServer(repository, signal);
  const own = { ...connection, url: `rankd://127.0.0.1:${server.port}`, token: undefined };
  const report = await benchTarget(targetOf(own), { quick, members, signal }, reporter);
  return { ...report, where: 'a new server on this machine' };
}

function targetOf({ url, token, tls }: Connection): Target {
  const [address] = parseServerAddresses(url);
  if (address === undefined) throw new UsageError('the URL is empty');
  const group = `bench-${randomBytes(4).toString('hex')}`;
  return {
    where: formatAddress(address),
    hello: { group, ...(token === undefined ? {} : { token }) },
    dial: async () => {
      try {
        return await openSocket(
          address,
          { tls: () => readTlsFiles(tls), dial: undefined },
          AbortSignal.timeout(connectMs),
          `no connection within ${connectMs} ms`,
          systemEnvironment.connect,
        );
      } catch (error) {
        throw new BenchError(`no rankd server answers at ${url} (${(error as Error).message})`, { cause: error });
      }
    },
  };
}
