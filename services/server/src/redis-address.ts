const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6379;

interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/**
 * Where Redis is. `server`: at one address, which stays if it fails over. `sentinel`: wherever one of the sentinels says that
 * the primary of this name is now.
 */
export type RedisAddress =
  | { readonly kind: 'server'; readonly url: string }
  | {
      readonly kind: 'sentinel';
      readonly transport: 'tcp' | 'tls';
      readonly sentinels: readonly { readonly host: string; readonly port: number }[];
      readonly primary: string;
      readonly db: number;
      /** Of the primary. */
      readonly credentials: Credentials;
      /** Of the sentinels themselves, where they ask for any. */
      readonly sentinelCredentials: Credentials;
    };

/**
 * What RANKD_REDIS_URL says: `redis://[user:password@]host[:port][/db]`, or
 * `redis+sentinel://[user:password@]host[:port][,host[:port]…]/name[/db][?sentinelUsername=…&sentinelPassword=…]`; with `rediss`
 * for TLS. Undefined where it cannot be used; what of it is wrong is not said, since it may hold a password.
 */
export function readRedisAddress(url: string): RedisAddress | undefined {
  try {
    return url.includes('+sentinel://') ? sentinelAddress(url) : serverAddress(url);
  } catch {
    return undefined;
  }
}

/** Where it is, in words for a log: no user, no password. */
export function placeOf(address: RedisAddress): string {
  if (address.kind === 'sentinel') {
    const { primary, db, sentinels } = address;
    return `${primary}${db === 0 ? '' : `/${db}`} by ${sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}`;
  }
  const { hostname, port, pathname } = new URL(address.url);
  return `${hostname}:${port === '' ? REDIS_PORT : port}${pathname === '/' ? '' : pathname}`;
}

function serverAddress(url: string): RedisAddress | undefined {
  const { username, password } = new URL(url);
  decodeURIComponent(username + password);
  return /^rediss?:\/\//.test(url) ? { kind: 'server', url } : undefined;
}

function sentinelAddress(url: string): RedisAddress | undefined {
  const [, secure, user, hosts = '', rest = ''] = /^redis(s?)\+sentinel:\/\/(?:(.*)@)?([^/]+)(\/.*)$/.exec(url) ?? [];
  // No URL has several hosts: each is read as if it were the only one.
  const urls = hosts.split(',').map(host => new URL(`redis://${host}${rest}`));
  const [, primary, db = '0'] = /^\/([\w.-]+)(?:\/(\d{1,5}))?$/.exec(urls[0]?.pathname ?? '') ?? [];
  if (primary === undefined || urls.some(({ hostname }) => hostname === '')) return undefined;
  const { username, password } = new URL(`redis://${user === undefined ? '' : `${user}@`}host`);
  const { searchParams } = urls[0] as URL;
  return {
    kind: 'sentinel',
    transport: secure === 's' ? 'tls' : 'tcp',
    sentinels: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? SENTINEL_PORT : Number(port),
    })),
    primary,
    db: Number(db),
    credentials: credentialsOf(decodeURIComponent(username), decodeURIComponent(password)),
    sentinelCredentials: credentialsOf(searchParams.get('sentinelUsername'), searchParams.get('sentinelPassword')),
  };
}

function credentialsOf(username: string | null, password: string | null): Credentials {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}
