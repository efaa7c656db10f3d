import { settings } from '@rankd/startup/env-fields';
import { parseSettings, SettingsError, type Environment } from '@rankd/startup/env';
import { formatSystemReason } from './output/format-error.js';
import { NotDone, UsageError } from './errors.js';

const ANSWER_MS = 5000;

const settingsSchema = settings.object({ RANKD_HTTP_PORT: settings.port(9464, 'the side port') });

/** One server of a cluster. */
export interface ClusterServer {
  readonly id: string;
  /** Of its host, or its container. */
  readonly name: string;
  /** Since when it stands in the order: milliseconds since 1970. */
  readonly upAt: number;
  /** The last record of the first stream that it had applied when it was last heard; empty where it has not been heard yet. */
  readonly applied: string;
}

/** What a server says of itself and, in a cluster, of the others. */
export interface ServersReport {
  readonly cluster?: {
    readonly state: string;
    /** The one that was asked; none while it has no place in the order. */
    readonly server?: string;
    readonly servers: readonly ClusterServer[];
    readonly epoch: number;
    readonly lagEntries: number;
    /** How many of the streams of the order it follows. */
    readonly shardsFollowed: number;
  };
}

/** Where the side port is: as told, or on this machine at RANKD_HTTP_PORT. @throws UsageError */
export function parseSidePortUrl(told: string | undefined, environment: Environment): string {
  if (told === undefined) return `http://127.0.0.1:${portOf(environment)}`;
  if (!/^https?:\/\//.test(told) || !URL.canParse(told)) {
    throw new UsageError(`--http ${JSON.stringify(told)} is not of the form http://host:port`);
  }
  return withoutSlashesAtEnd(told);
}

/** What it says at /readyz, ready or not. @throws NotDone `CONNECT_FAILED` */
export async function fetchServersReport(url: string): Promise<ServersReport> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const report = (await answer.json()) as ServersReport & { readonly ready?: unknown };
    if (typeof report.ready !== 'boolean') throw new Error('what answers there is no rankd');
    return report;
  } catch (error) {
    throw new NotDone(
      'CONNECT_FAILED',
      `no side port answers at ${url} (${whyNot(error)}): say where it is with --http`,
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
    if (port === 0) throw new UsageError('RANKD_HTTP_PORT is 0, any free port: say which it became with --http');
    return port;
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(error.faults.join('\n'));
    throw error;
  }
}

function whyNot(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `nothing came within ${ANSWER_MS / 1000} s`;
  if (name === 'SyntaxError') return 'what answers there is no rankd';
  return formatSystemReason(cause) ?? message;
}
