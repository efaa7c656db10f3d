/** Asks a server's side port, the port for HTTP. */

import { mistakes } from '@rankd/protocol';
import { settings } from '@rankd/startup/env-fields';
import { parseSettings, SettingsError, type Environment } from '@rankd/startup/env';
import { formatSystemReason } from './output/format-error.js';
import { NotDone, UsageError } from './errors.js';

/** How long to wait for an answer, ms. */
const ANSWER_MS = 5000;

const settingsSchema = settings.object({ RANKD_HTTP_PORT: settings.port(9464, 'the side port') });

/** One server of a cluster. */
export interface ClusterServer {
  readonly id: string;
  /** The name of its host or container. */
  readonly name: string;
  /** When it joined the cluster, ms since 1970. */
  readonly upAt: number;
  /** The last record of the first stream that it had applied at its last report. Empty before its first report. */
  readonly applied: string;
}

/** The report of a server about itself and, in a cluster, about the other servers. */
export interface ServersReport {
  readonly cluster?: {
    readonly state: string;
    /** The server that was asked. Undefined until it has joined the cluster. */
    readonly server?: string;
    readonly servers: readonly ClusterServer[];
    readonly epoch: number;
    readonly lagEntries: number;
    /** How many of the cluster's streams it follows. */
    readonly shardsFollowed: number;
  };
}

/**
 * Returns the URL of the side port: that of --http if it is given, otherwise this machine with RANKD_HTTP_PORT.
 * @throws UsageError
 */
export function parseSidePortUrl(told: string | undefined, environment: Environment): string {
  if (told === undefined) return `http://127.0.0.1:${portOf(environment)}`;
  if (!/^https?:\/\//.test(told) || !URL.canParse(told)) {
    throw new UsageError(`--http ${JSON.stringify(told)} is not of the form http://host:port`);
  }
  return withoutSlashesAtEnd(told);
}

/**
 * Returns the answer of /readyz, whether the server is ready or not.
 * @throws NotDone CONNECT_FAILED
 */
export async function fetchServersReport(url: string): Promise<ServersReport> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const report = (await answer.json()) as ServersReport & { readonly ready?: unknown };
    if (typeof report.ready !== 'boolean') throw new Error('the answer is not from a rankd server');
    return report;
  } catch (error) {
    throw new NotDone(
      'CONNECT_FAILED',
      `no side port answers at ${url} (${whyNot(error)}): give its address with --http`,
    );
  }
}

function withoutSlashesAtEnd(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

function portOf(environment: Environment): number {
  try {
    const { RANKD_HTTP_PORT: port } = parseSettings(settingsSchema, environment);
    if (port === 0)
      throw new UsageError(
        'RANKD_HTTP_PORT is 0, any free port: the server logs the port; give the address with --http',
      );
    return port;
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(error.faults.join('\n'));
    throw error;
  }
}

function whyNot(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1000} s`;
  if (name === 'SyntaxError') return 'the answer is not from a rankd server';
  const { code = '' } = (cause ?? {}) as { readonly code?: string };
  if (code.startsWith('HPE_')) return mistakes.NOT_HTTP.meaning;
  if (code.startsWith('ERR_SSL_')) return 'the side port does not use TLS: write http://';
  return formatSystemReason(cause) ?? message;
}
