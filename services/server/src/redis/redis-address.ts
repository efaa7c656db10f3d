import { assertNever } from '@rankd/protocol';

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6379;

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * Where Redis is. `server`: at one address, which stays if it fails over. `sentinel`: wherever one of the sentinels says that
 * the primary of this name is now. `cluster`: a Redis Cluster, of which these nodes are a part; each key is at the primary
 * that they name for it.
 */
export type RedisAddress =
  | { readonly kind: 'server'; readonly url: string }
  | {
      readonly kind: 'sentinel';
      readonly transport: 'tcp' | 'tls';
      readonly sentinels: readonly RedisEndpoint[];
      readonly primary: string;
      readonly db: number;
      /** Of the primary. */
      readonly credentials: Credentials;
      /** Of the sentinels themselves, where they ask for any. */
      readonly sentinelCredentials: Credentials;
    }
  | ClusterAddress;

export interface ClusterAddress {
  readonly kind: 'cluster';
  readonly transport: 'tcp' | 'tls';
  readonly seeds: readonly RedisEndpoint[];
  /** Of every node. */
  readonly credentials: Credentials;
}

/**
 * What RANKD_REDIS_URL says: `redis://[user:password@]host[:port][/db]`,
 * `redis+sentinel://[user:password@]host[:port][,host[:port]…]/name[/db][?sentinelUsername=…&sentinelPassword=…]`, or
 * `redis+cluster://[user:password@]host[:port][,host[:port]…]`; with `rediss` for TLS. Undefined where it cannot be used; what
 * of it is wrong is not said, since it may hold a password.
 */
export function readRedisAddress(url: string): RedisAddress | undefined {
  try {
    if (url.includes('+sentinel://')) return sentinelAddress(url);
    return url.includes('+cluster://') ? clusterAddress(url) : serverAddress(url);
  } catch {
    return undefined;
  }
}

/** Where it is, in words for a log: no user, no password. */
export function placeOf(address: RedisAddress): string {
  switch (address.kind) {
    case 'server': {
      const { hostname, port, pathname } = new URL(address.url);
      return `${hostname}:${port === '' ? REDIS_PORT : port}${pathname === '/' ? '' : pathname}`;
    }
    case 'sentinel': {
      const { primary, db, sentinels } = address;
      return `${primary}${db === 0 ? '' : `/${db}`} by ${namesOf(sentinels)}`;
    }
    case 'cluster':
      return `Redis Cluster by ${namesOf(address.seeds)}`;
    default:
      return assertNever(address);
  }
}

function namesOf(endpoints: readonly RedisEndpoint[]): string {
  return endpoints.map(({ host, port }) => `${host}:${port}`).join(',');
}

function serverAddress(url: string): RedisAddress | undefined {
  const { username, password } = new URL(url);
  decodeURIComponent(username + password);
  return /^rediss?:\/\//.test(url) ? { kind: 'server', url } : undefined;
}

function sentinelAddress(url: string): RedisAddress | undefined {
  const parts = partsOf(url, 'sentinel');
  if (parts === undefined) return undefined;
  const { transport, user, hosts, rest } = parts;
  const sentinels = endpointsOf(hosts, SENTINEL_PORT);
  const { pathname, searchParams } = new URL(`redis://host${rest}`);
  const [, primary, db = '0'] = /^\/([\w.-]+)(?:\/(\d{1,5}))?$/.exec(pathname) ?? [];
  if (primary === undefined || sentinels === undefined) return undefined;
  return {
    kind: 'sentinel',
    transport,
    sentinels,
    primary,
    db: Number(db),
    credentials: credentialsIn(user),
    sentinelCredentials: credentialsOf(searchParams.get('sentinelUsername'), searchParams.get('sentinelPassword')),
  };
}

/** A Redis Cluster has database 0 only. */
function clusterAddress(url: string): RedisAddress | undefined {
  const parts = partsOf(url.endsWith('/') ? url : `${url}/`, 'cluster');
  if (parts?.rest !== '/' || /[?#]/.test(parts.hosts)) return undefined;
  const seeds = endpointsOf(parts.hosts, REDIS_PORT);
  if (seeds === undefined) return undefined;
  return { kind: 'cluster', transport: parts.transport, seeds, credentials: credentialsIn(parts.user) };
}

interface UrlParts {
  readonly transport: 'tcp' | 'tls';
  readonly user: string | undefined;
  readonly hosts: string;
  /** From the `/` behind the hosts on. */
  readonly rest: string;
}

/** A password may hold any character: the user ends at the last `@` that has hosts and a `/` behind it. */
function partsOf(url: string, kind: 'sentinel' | 'cluster'): UrlParts | undefined {
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

/** No URL has several hosts: each is read as if it were the only one. Undefined where one of them is none. */
function endpointsOf(hosts: string, portElse: number): readonly RedisEndpoint[] | undefined {
  const urls = hosts.split(',').map(host => new URL(`redis://${host}`));
  if (urls.some(({ hostname }) => hostname === '')) return undefined;
  return urls.map(({ hostname, port }) => ({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? portElse : Number(port),
  }));
}

/** `user` as it stands before the `@`; nobody where that is missing. */
function credentialsIn(user = ''): Credentials {
  const { username, password } = new URL(`redis://${user === '' ? '' : `${user}@`}host`);
  return credentialsOf(decodeURIComponent(username), decodeURIComponent(password));
}

function credentialsOf(username: string | null, password: string | null): Credentials {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}
