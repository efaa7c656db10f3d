/** Asks a server's side port, the port for HTTP. */

import { mistakeOfCode, parseServerAddresses } from '@rankd/client/internal';
import { type GroupSummary, type Mistake, mistakes } from '@rankd/protocol';
import { settings, type SettingsOf } from '@rankd/startup/env-fields';
import { parseSettings, SettingsError, type Environment } from '@rankd/startup/env';
import { formatSystemReason } from './output/format-error.js';
import { NotDone, UsageError } from './errors.js';

/** How long to wait for an answer, ms. */
const ANSWER_MS = 5000;

const settingsSchema = settings.object({
  RANKD_HTTP_PORT: settings.port(9464, 'the side port'),
  RANKD_HTTP_TOKEN: settings.secret('the token of the side port'),
});

/** The side port of a server. */
export interface SidePort {
  readonly url: string;
  /** The token that it requires for data. */
  readonly token: string | undefined;
}

/** One server of a cluster. */
export interface ClusterServer {
  readonly id: string;
  /** The name of its host or container. */
  readonly name: string;
  /** The URL by which clients reach it. Undefined if it has announced none, as servers of release 0.1 do. */
  readonly address?: string;
  /** When it joined the cluster, ms since 1970. */
  readonly upAt: number;
  /** The last record of the first stream that the server had applied when it last reported. Empty before its first report. */
  readonly applied: string;
}

/** The report of a server about itself and, in a cluster, about the other servers. */
export interface ServersReport {
  readonly cluster?: {
    readonly state: string;
    /** What keeps this server out of the cluster, if it is blocked. */
    readonly reason?: string;
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
 * Returns the side port: that of --http if it is given, otherwise the one at the host of the server with RANKD_HTTP_PORT.
 * @param serverUrl the valid URL of the server, or several separated by commas: the first counts
 * @throws UsageError
 */
export function parseSidePort(told: string | undefined, environment: Environment, serverUrl: string): SidePort {
  const { RANKD_HTTP_PORT: port, RANKD_HTTP_TOKEN: token } = settingsOf(environment);
  if (told === undefined) return { url: `http://${hostOf(serverUrl)}:${checkPort(port)}`, token };
  if (!/^https?:\/\//.test(told) || !URL.canParse(told)) {
    throw new UsageError(`--http ${JSON.stringify(told)} is not of the form http://host:port`);
  }
  return { url: withoutSlashesAtEnd(told), token };
}

/**
 * Returns the answer of /readyz, whether the server is ready or not.
 * @throws NotDone CONNECT_FAILED
 */
export async function fetchServersReport(port: SidePort): Promise<ServersReport> {
  const { body } = await get(port, '/readyz');
  const report = body as ServersReport & { readonly ready?: unknown };
  if (typeof report.ready !== 'boolean') throw noSidePort(port, NOT_RANKD);
  return report;
}

/**
 * Returns the groups that have members, by name.
 * @throws NotDone CONNECT_FAILED, or the code with which the side port refuses the request
 */
export async function fetchGroups(port: SidePort): Promise<readonly GroupSummary[]> {
  const { body, isOk } = await get(port, '/api/groups');
  const { groups, code, message } = body as {
    readonly groups?: readonly GroupSummary[];
    readonly code?: unknown;
    readonly message?: unknown;
  };
  if (isOk && groups?.every(isGroup) === true)
    return [...groups].sort((one, other) => (one.group < other.group ? -1 : 1));
  if (typeof code !== 'string') throw noSidePort(port, NOT_RANKD);
  if (code === 'UNAUTHORIZED') {
    const advice = `${port.token === undefined ? 'set' : 'check'} RANKD_HTTP_TOKEN or RANKD_HTTP_TOKEN_FILE`;
    throw new NotDone(code, `the side port at ${port.url} requires its token: ${advice}`);
  }
  throw new NotDone(code, `the side port at ${port.url} refuses the request: ${String(message)}`);
}

/** The address may be that of another program. */
function isGroup(value: unknown): boolean {
  const { group, size } = (typeof value === 'object' ? (value ?? {}) : {}) as Partial<GroupSummary>;
  return typeof group === 'string' && typeof size === 'number';
}

const NOT_RANKD = 'the answer is not from a rankd server';

/** Requests a path and returns the JSON object of the answer. */
async function get(port: SidePort, path: string): Promise<{ readonly body: object; readonly isOk: boolean }> {
  const headers = port.token === undefined ? {} : { authorization: `Bearer ${port.token}` };
  try {
    const answer = await fetch(`${port.url}${path}`, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
    const body: unknown = await answer.json();
    if (typeof body !== 'object' || body === null) throw new Error(NOT_RANKD);
    return { body, isOk: answer.ok };
  } catch (error) {
    throw untrusted(port, error) ?? noSidePort(port, whyNot(error));
  }
}

/** What to do about the certificate of a proxy in front of the side port. Node reads the variable itself, and RANKD_TLS_CA is for members. */
const nameCa = 'name the file with its CA in NODE_EXTRA_CA_CERTS';
const certificateAdvice: Partial<Record<Mistake, string>> = {
  CA_UNKNOWN: nameCa,
  CERTIFICATE_SELF_SIGNED: nameCa,
  HOST_MISMATCH: mistakes.HOST_MISMATCH.remedy,
  CERTIFICATE_EXPIRED: 'renew the certificate of the proxy',
  CERTIFICATE_NOT_YET_VALID: mistakes.CERTIFICATE_NOT_YET_VALID.remedy,
};

/** Returns the error if the certificate at this address cannot be accepted. */
function untrusted({ url }: SidePort, error: unknown): NotDone | undefined {
  const mistake = mistakeOfCode((error as Error).cause);
  const advice = mistake === undefined ? undefined : certificateAdvice[mistake];
  if (mistake === undefined || advice === undefined) return undefined;
  return new NotDone('CONNECT_FAILED', `the side port at ${url}: ${mistakes[mistake].meaning}: ${advice}`);
}

function noSidePort({ url }: SidePort, why: string): NotDone {
  return new NotDone('CONNECT_FAILED', `no side port answers at ${url} (${why}): give its address with --http`);
}

function withoutSlashesAtEnd(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

function settingsOf(environment: Environment): SettingsOf<typeof settingsSchema> {
  try {
    return parseSettings(settingsSchema, environment);
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(error.faults.join('\n'));
    throw error;
  }
}

function checkPort(port: number): number {
  if (port !== 0) return port;
  throw new UsageError('RANKD_HTTP_PORT is 0, any free port: the server logs the port; give the address with --http');
}

/** Returns the host of the first server, as a URL contains it. */
function hostOf(serverUrl: string): string {
  const host = parseServerAddresses(serverUrl)[0]?.host ?? '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function whyNot(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1000} s`;
  if (name === 'SyntaxError') return NOT_RANKD;
  const { code = '' } = (cause ?? {}) as { readonly code?: string };
  if (code.startsWith('HPE_')) return mistakes.NOT_HTTP.meaning;
  if (code.startsWith('ERR_SSL_')) return 'the side port does not use TLS: write http://';
  return formatSystemReason(cause) ?? message;
}
