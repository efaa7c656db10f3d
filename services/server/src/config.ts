/** The settings of the server, from environment variables (contract: Environment). */

import { isIP } from 'node:net';
import { limits } from '@rankd/protocol';
import { faultsOfTls, parseSettings, settings, type Environment, type SettingsOf } from '@rankd/startup';
import { plainAddress } from './client-address.js';
import { parseRedisAddress } from './redis/redis-address.js';

const { flag, millis, optionalText, port, secret, text, whole } = settings;

const REDIS_URL_EXPECTED =
  'a redis:// or rediss:// URL, redis+sentinel://host:26379,host:26379/name, or redis+cluster://host:6379,host:6379';

/** The schema of the settings. `.env.example` and the docs contain its descriptions. */
export const serverSettingsSchema = settings.object({
  RANKD_HOST: text('127.0.0.1', 'address to listen on; containers: 0.0.0.0'),
  RANKD_PORT: port(2700, 'TCP port for members; 0: any free port, logged'),
  RANKD_MEMBERS_MAX: whole(100, 'N: how many members a group may have', 1, 100_000),
  RANKD_WAITLIST_MAX: whole(0, 'how many may wait for a seat in a full group'),
  RANKD_GROUPS_MAX: whole(64, 'how many groups may exist at once', 1),
  RANKD_TOKEN: secret('what a session must say to be admitted; RANKD_TOKEN_FILE names a file instead'),
  RANKD_ADMIN_TOKEN: secret('lets a session in and lets it administer; RANKD_ADMIN_TOKEN_FILE names a file instead'),
  RANKD_ALLOW_ANONYMOUS: flag(false, '1: listen beyond loopback without RANKD_TOKEN or RANKD_TLS_CA'),
  RANKD_TLS_CERT: optionalText('file with the certificate, and its chain, that members are shown; none: no TLS'),
  RANKD_TLS_KEY: optionalText('file with its private key'),
  RANKD_TLS_CA: optionalText(
    'file with the CA that has to have signed the certificate of every member; none: nobody is asked for one',
  ),
  RANKD_HEARTBEAT_MS: millis(1500, 'how often the server pings each session', 10),
  RANKD_SUSPEND_MS: millis(4500, 'a member unheard for this long acts on its rank no more', 20),
  RANKD_DEAD_MS: millis(6000, 'a member silent for this long has departed; 2 x heartbeat <= suspend < dead', 30),
  RANKD_GRACE_MS: millis(0, 'how long a member that lost its connection keeps its place'),
  RANKD_GRACE_LEADER_MS: millis(0, 'the same while it has rank 0; behind a proxy set it to RANKD_SUSPEND_MS'),
  RANKD_REFORM_MS: millis(5000, 'after a restart with a mirror: how long places are held'),
  RANKD_ORDER_TTL_MS: millis(60_000, 'how long Redis keeps the order for a restart', 1000),
  RANKD_HELLO_TIMEOUT_MS: millis(2000, 'how long a new session may take to say hello', 10),
  RANKD_HELLO_PENDING_MAX: whole(1024, 'sessions that have not said hello; past it the oldest is closed', 1),
  RANKD_OBSERVERS_MAX: whole(64, 'observers, over all groups'),
  RANKD_HTTP_STREAMS_MAX: whole(64, 'event streams and watched tables on the side port'),
  RANKD_FRAME_BYTES_MAX: whole(
    65_536,
    'longest frame in either direction; 262144 at most in a cluster',
    limits.frameBytesMaxLeast,
    16_777_216,
  ),
  RANKD_BACKLOG_BYTES_MAX: whole(
    8_388_608,
    'a session with more unread bytes than this is closed SLOW_CONSUMER',
    65_536,
    1_073_741_824,
  ),
  RANKD_STALL_MS: millis(5000, 'a session that reads nothing of what waits for this long is closed SLOW_CONSUMER', 10),
  RANKD_COMMANDS_OPEN_MAX: whole(1024, 'commands whose outcome is awaited, per member', 1),
  RANKD_COMMANDS_PER_SECOND: whole(0, 'commands a member may send in a second; 0: no limit'),
  RANKD_DEADLINE_MAX_MS: millis(60_000, 'longest deadline of a command; longer ones are cut to it', 1),
  RANKD_CONNECTIONS_PER_IP_MAX: whole(0, 'open connections from one address; 0: no limit'),
  RANKD_HTTP_HOST: text('127.0.0.1', 'address of the side port; containers: 0.0.0.0'),
  RANKD_HTTP_PORT: port(9464, 'side port: page, metrics, health, roster; 0: any free port, logged'),
  RANKD_HTTP_CONNECTIONS_MAX: whole(256, 'connections to the side port; one address may hold as many as are free', 1),
  RANKD_HTTP_HOSTS: optionalText(
    'host names, comma-separated, by which /api and /ranks may be called without a token, besides addresses and localhost',
    '^[A-Za-z0-9._-]+( *, *[A-Za-z0-9._-]+)*$',
  ),
  RANKD_HTTP_TOKEN: secret('bearer token for all data of the side port; RANKD_HTTP_TOKEN_FILE names a file instead'),
  RANKD_REDIS_URL: secret(
    'where the rank table is mirrored; none: no mirror; RANKD_REDIS_URL_FILE names a file instead',
    '^rediss?(\\+(sentinel|cluster))?://',
    REDIS_URL_EXPECTED,
  ),
  RANKD_REDIS_PREFIX: text(
    'rankd',
    'what every key in Redis begins with: 1 to 64 of A-Z a-z 0-9 . _ -',
    '^[A-Za-z0-9._-]{1,64}$',
  ),
  RANKD_MODE: settings.choice(
    ['standalone', 'cluster'],
    'standalone',
    'cluster: several servers on one Redis, which then holds the order',
  ),
  RANKD_LOG_ACK: settings.choice(
    ['async', 'replicated'],
    'async',
    'cluster: replicated: what is accepted stands on a replica of Redis too',
  ),
  RANKD_SHARDS: whole(16, 'cluster: streams that the groups are spread over; fixed at the first start', 1, 256),
  RANKD_GRACE_SERVER_MS: millis(8000, 'cluster: how long members of a lost server keep their places'),
  RANKD_DRAIN_MS: millis(5000, 'on SIGTERM: how long open commands may take to end'),
  LOG_LEVEL: settings.choice(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
    'how much is logged',
  ),
  LOG_FORMAT: settings.choice(['json', 'pretty'], 'json', 'json, or pretty for a person who watches'),
});

/** The admin token that docker-compose.yml and scripts/up use if none is set. It is public. */
export const DEVELOPMENT_ADMIN_TOKEN = 'rankd-development';

/** The settings of the server, checked and with defaults. */
export type ServerConfig = SettingsOf<typeof serverSettingsSchema>;

/** A command of this size still fits into one append to a stream after it was escaped as JSON text. */
const CLUSTER_FRAME_BYTES_MAX = 262_144;

/**
 * Reads the settings from environment variables.
 * @throws SettingsError with all faults.
 */
export function parseServerConfig(environment: Environment): ServerConfig {
  return parseSettings(serverSettingsSchema, environment, contradictions);
}

/** Returns the faults that concern several settings. */
function contradictions(config: ServerConfig): string[] {
  const faults: string[] = [];
  const { RANKD_HEARTBEAT_MS: heartbeat, RANKD_SUSPEND_MS: suspend, RANKD_DEAD_MS: dead } = config;
  if (2 * heartbeat > suspend || suspend >= dead) {
    faults.push(
      `RANKD_HEARTBEAT_MS, RANKD_SUSPEND_MS and RANKD_DEAD_MS must be 2 x heartbeat <= suspend < dead, not ${heartbeat}, ${suspend}, ${dead}`,
    );
  }
  if (config.RANKD_REDIS_URL !== undefined && parseRedisAddress(config.RANKD_REDIS_URL) === undefined) {
    faults.push(`RANKD_REDIS_URL must be ${REDIS_URL_EXPECTED}`);
  }
  if (config.RANKD_MODE === 'cluster' && config.RANKD_REDIS_URL === undefined) {
    faults.push('RANKD_MODE cluster keeps the order in Redis: set RANKD_REDIS_URL');
  }
  if (config.RANKD_MODE === 'cluster' && config.RANKD_FRAME_BYTES_MAX > CLUSTER_FRAME_BYTES_MAX) {
    faults.push(
      `RANKD_FRAME_BYTES_MAX is at most ${CLUSTER_FRAME_BYTES_MAX} where RANKD_MODE is cluster, not ${config.RANKD_FRAME_BYTES_MAX}: every frame goes into Redis whole`,
    );
  }
  faults.push(...faultsOfTls(config));
  if (config.RANKD_TLS_CA !== undefined && config.RANKD_TLS_CERT === undefined) {
    faults.push('RANKD_TLS_CA asks members for certificates, which takes RANKD_TLS_CERT and RANKD_TLS_KEY');
  }
  if (!isLoopback(config.RANKD_HOST) && !asksWhoComes(config) && !config.RANKD_ALLOW_ANONYMOUS) {
    faults.push(
      `RANKD_HOST ${config.RANKD_HOST} is reachable from other machines: set RANKD_TOKEN or RANKD_TLS_CA, or RANKD_ALLOW_ANONYMOUS=1 to let anybody in`,
    );
  }
  return faults;
}

function asksWhoComes({ RANKD_TOKEN, RANKD_TLS_CA }: ServerConfig): boolean {
  return RANKD_TOKEN !== undefined || RANKD_TLS_CA !== undefined;
}

function isLoopback(host: string): boolean {
  const address = plainAddress(host);
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
