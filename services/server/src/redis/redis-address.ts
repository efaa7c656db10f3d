/** Parses RANKD_REDIS_URL: the address of a Redis server, of sentinels, or of a Redis Cluster. */

import { assertNever } from '@rankd/protocol';

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6379;

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/** A host and a port. */
export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * The address of Redis.
 * - `server`: one server. Its address stays the same in a failover.
 * - `sentinel`: sentinels, which name the present primary.
 * - `cluster`: nodes of a Redis Cluster, which name the primary of each key.
 */
export type RedisAddress =
  | { readonly kind: 'server'; readonly url: string }
  | {
      readonly kind: 'sentinel';
      readonly transport: 'tcp' | 'tls';
      readonly sentinels: readonly RedisEndpoint[];
      readonly primary: string;
      readonly db: number;
      /** The credentials for the primary. */
      readonly credentials: Credentials;
      /** The credentials for the sentinels, if they need any. */
      readonly sentinelCredentials: Credentials;
    }
  | ClusterAddress;

/** The address of a Redis Cluster: some of its nodes and the credentials for all. */
export interface ClusterAddress {
  readonly kind: 'cluster';
  readonly transport: 'tcp' | 'tls';
  readonly seeds: readonly RedisEndpoint[];
  /** The credentials for every node. */
  readonly credentials: Credentials;
}

/**
 * Parses RANKD_REDIS_URL. With `rediss` in place of `redis`, the connection uses TLS. The forms are:
 * - `redis://[user:password@]host[:port][/db]`
 * - `redis+sentinel://[user:password@]host[:port][,host[:port]…]/name[/db][?sentinelUsername=…&sentinelPassword=…]`
 * - `redis+cluster://[user:password@]host[:port][,host[:port]…]`
 *
 * Returns undefined if the URL is invalid. It gives no reason, because the URL may contain a password.
 */
export function parseRedisAddress(url: string): RedisAddress | undefined {
  try {
    if (url.includes('+sentinel://')) return parseSentinelAddress(url);
    return url.includes('+cluster://') ? parseClusterAddress(url) : parseServerAddress(url);
  } catch {
    return undefined;
  }
}

/** Returns the address for a log line, without user and password. */
export function formatRedisAddress(address: RedisAddress): string {
  switch (address.kind) {
    case 'server': {
      const { hostname, port, pathname } = new URL(address.url);
      return `${hostname}:${port === '' ? REDIS_PORT : port}${pathname === '/' ? '' : pathname}`;
    }
    case 'sentinel': {
      const { primary, db, sentinels } = address;
      return `${primary}${db === 0 ? '' : `/${db}`} through ${formatEndpoints(sentinels)}`;
    }
    case 'cluster':
      return `Redis Cluster through ${formatEndpoints(address.seeds)}`;
    default:
      return assertNever(address);
  }
}

function formatEndpoints(endpoints: readonly RedisEndpoint[]): string {
  return endpoints.map(({ host, port }) => `${host}:${port}`).join(',');
}

function parseServerAddress(url: string): RedisAddress | undefined {
  const { username, password } = new URL(url);
  decodeURIComponent(username + password);
  return /^rediss?:\/\//.test(url) ? { kind: 'server', url } : undefined;
}

function parseSentinelAddress(url: string): RedisAddress | undefined {
  const parts = splitUrl(url, 'sentinel');
  if (parts === undefined) return undefined;
  const { transport, user, hosts, rest } = parts;
  const sentinels = parseEndpoints(hosts, SENTINEL_PORT);
  const { pathname, searchParams } = new URL(`redis://host${rest}`);
  const [, primary, db = '0'] = /^\/([\w.-]+)(?:\/(\d{1,5}))?$/.exec(pathname) ?? [];
  if (primary === undefined || sentinels === undefined) return undefined;
  return {
    kind: 'sentinel',
    transport,
    sentinels,
    primary,
    db: Number(db),
    credentials: parseCredentials(user),
    sentinelCredentials: createCredentials(searchParams.get('sentinelUsername'), searchParams.get('sentinelPassword')),
  };
}

/** Parses the address of a Redis Cluster. It has no path, because a Redis Cluster has database 0 only. */
function parseClusterAddress(url: string): RedisAddress | undefined {
  const parts = splitUrl(url.endsWith('/') ? url : `${url}/`, 'cluster');
  if (parts?.rest !== '/' || /[?#]/.test(parts.hosts)) return undefined;
  const seeds = parseEndpoints(parts.hosts, REDIS_PORT);
  if (seeds === undefined) return undefined;
  return { kind: 'cluster', transport: parts.transport, seeds, credentials: parseCredentials(parts.user) };
}

interface UrlParts {
  readonly transport: 'tcp' | 'tls';
  readonly user: string | undefined;
  readonly hosts: string;
  /** The rest of the URL, from the `/` after the hosts. */
  readonly rest: string;
}

/**
 * Splits a URL with several hosts. A password may contain any character, so the user part ends at the last `@` before the `/` after the
 * hosts.
 */
function splitUrl(url: string, kind: 'sentinel' | 'cluster'): UrlParts | undefined {
  const scheme = [`redis+${kind}://`, `rediss+${kind}://`].find(each => url.startsWith(each));
  if (scheme === undefined) return undefined;
  const text = url.slice(scheme.length);
  const at = text.lastIndexOf('@', text.lastIndexOf('/') - 1);
  const slash = text.indexOf('/', at + 1);
  if (slash <= at + 1) return undefined;
  return {
    transport: scheme.startsWith('rediss') ? 'tls' : 'tcp',
    user: at === -1 ? undefined : text.slice(0, at),
    hosts: text.slice(at + 1, slash),
    rest: text.slice(slash),
  };
}

/** Parses each host as a URL, because `URL` does not accept several hosts. Returns undefined if a host is missing. */
function parseEndpoints(hosts: string, portElse: number): readonly RedisEndpoint[] | undefined {
  const urls = hosts.split(',').map(host => new URL(`redis://${host}`));
  if (urls.some(({ hostname }) => hostname === '')) return undefined;
  return urls.map(({ hostname, port }) => ({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? portElse : Number(port),
  }));
}

/** Parses the user part before the `@`. Returns no credentials if it is missing. */
function parseCredentials(user = ''): Credentials {
  const { username, password } = new URL(`redis://${user === '' ? '' : `${user}@`}host`);
  return createCredentials(decodeURIComponent(username), decodeURIComponent(password));
}

function createCredentials(username: string | null, password: string | null): Credentials {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}
