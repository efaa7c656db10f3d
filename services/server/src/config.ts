/** The settings of the server, from environment variables (docs/configuration.md). */

import { isIP } from 'node:net';
import { limits } from '@rankd/protocol';
import { faultsOfTls, parseSettings, settings, type Environment, type SettingsOf } from '@rankd/startup';
import { plainAddress } from './client-address.js';
import { faultsOfStateDirectory } from './state-directory/state-directory.js';
import { parseRedisAddress } from './redis/redis-address.js';

const { flag, millis, optionalText, port, secret, text, whole } = settings;

const REDIS_URL_EXPECTED =
  'a redis:// or rediss:// URL, redis+sentinel://host:26379,host:26379/name, or redis+cluster://host:6379,host:6379';

/** The schema of the settings. `.env.example` and the docs contain its descriptions. */
export const serverSettingsSchema = settings.object({
  RANKD_HOST: text('127.0.0.1', 'The address on which the server listens for members. In containers: 0.0.0.0.'),
  RANKD_PORT: port(2700, 'The TCP port for members. 0: any free port, which the server logs.'),
  RANKD_MEMBERS_MAX: whole(100, 'The largest number of members in a group (N).', 1, 100_000),
  RANKD_WAITLIST_MAX: whole(0, 'The largest number of sessions that wait for a seat in a full group. 0: no waitlist.'),
  RANKD_GROUPS_MAX: whole(64, 'The largest number of groups at one time.', 1),
  RANKD_TOKEN: secret(
    'The token that a client must send in hello, its first message. RANKD_TOKEN_FILE names a file that holds it.',
  ),
  RANKD_ADMIN_TOKEN: secret(
    'The token for administrators, who may move and remove members and send them commands. RANKD_ADMIN_TOKEN_FILE names a file that holds it.',
  ),
  RANKD_ALLOW_ANONYMOUS: flag(
    false,
    '1: the server may listen beyond loopback without RANKD_TOKEN and RANKD_TLS_CA. Every client that reaches it can join.',
  ),
  RANKD_TLS_CERT: optionalText('The file with the certificate of the server and its chain. None: no TLS.'),
  RANKD_TLS_KEY: optionalText('The file with the private key of RANKD_TLS_CERT.'),
  RANKD_TLS_CA: optionalText(
    'At the server: the file with the CA that must have signed the certificate of every client. None: clients need no certificate. The clients read their own variable of this name as the CA of the server.',
  ),
  RANKD_HEARTBEAT_MS: millis(1500, 'The interval at which the server pings each session.', 10),
  RANKD_SUSPEND_MS: millis(4500, 'After this long without an acknowledged heartbeat, a member suspends itself.', 20),
  RANKD_DEAD_MS: millis(
    6000,
    'After this long without a pong, the server ends the session. Required: 2 x heartbeat <= suspend < dead.',
    30,
  ),
  RANKD_GRACE_MS: millis(
    0,
    'How long a member that lost its connection keeps its rank and slot. 0: it leaves at once.',
  ),
  RANKD_GRACE_LEADER_MS: millis(
    0,
    'How long the leader keeps its rank and slot after it lost its connection. If above 0, the leader keeps them at least until it has suspended itself. Behind a proxy, set it to RANKD_SUSPEND_MS.',
  ),
  RANKD_REFORM_MS: millis(
    5000,
    'After a restart with a mirror: how long the server keeps the rank and slot of the earlier members.',
  ),
  RANKD_ORDER_TTL_MS: millis(
    60_000,
    'How long Redis keeps the order after the server has stopped, for the next start.',
    1000,
  ),
  RANKD_HELLO_TIMEOUT_MS: millis(2000, 'How long a new session may take to send hello.', 10),
  RANKD_HELLO_PENDING_MAX: whole(
    1024,
    'The largest number of sessions that have sent no hello for 250 ms. Above it, the server closes the oldest one.',
    1,
  ),
  RANKD_OBSERVERS_MAX: whole(64, 'The largest number of observers in all groups together.'),
  RANKD_HTTP_STREAMS_MAX: whole(
    64,
    'The largest number of event streams and `/ranks?watch` requests on the side port.',
  ),
  RANKD_FRAME_BYTES_MAX: whole(
    65_536,
    'The longest frame in either direction. In a cluster: at most 262144.',
    limits.frameBytesMaxLeast,
    16_777_216,
  ),
  RANKD_BACKLOG_BYTES_MAX: whole(
    8_388_608,
    'The server closes a session with more unread bytes than this (SLOW_CONSUMER).',
    65_536,
    1_073_741_824,
  ),
  RANKD_UNREAD_BYTES_MAX: whole(
    134_217_728,
    'The most bytes that may wait for all sessions together. At half of it, the server stops reading from senders of commands. It closes a session whose unread bytes and next answer together exceed the remaining bytes (SLOW_CONSUMER).',
    1_048_576,
    17_179_869_184,
  ),
  RANKD_STALL_MS: millis(
    5000,
    'The server closes a session that reads nothing for this long while data waits, or has delayed its senders for this long in total.',
    10,
  ),
  RANKD_COMMANDS_OPEN_MAX: whole(
    1024,
    'The largest number of open commands per member. A command is open until its outcome.',
    1,
  ),
  RANKD_COMMANDS_PER_SECOND: whole(0, 'The largest number of commands that a member may send per second. 0: no limit.'),
  RANKD_DEADLINE_MAX_MS: millis(
    60_000,
    'The longest deadline of a command. The server reduces longer deadlines to this value.',
    1,
  ),
  RANKD_CONNECTIONS_PER_IP_MAX: whole(0, 'The largest number of open connections from one address. 0: no limit.'),
  RANKD_HTTP_HOST: text('127.0.0.1', 'The address of the side port. In containers: 0.0.0.0.'),
  RANKD_HTTP_PORT: port(
    9464,
    'The side port: live page, metrics, health, roster. 0: any free port, which the server logs.',
  ),
  RANKD_HTTP_CONNECTIONS_MAX: whole(
    256,
    'The largest number of connections to the side port. One address may hold at most half of them, and less if other addresses hold connections.',
    1,
  ),
  RANKD_HTTP_HOSTS: optionalText(
    'Host names, comma-separated. Without RANKD_HTTP_TOKEN, /api and /ranks answer only for these names, addresses and localhost.',
    '^[A-Za-z0-9._-]+( *, *[A-Za-z0-9._-]+)*$',
    'host names, comma-separated, without a port',
  ),
  RANKD_HTTP_TOKEN: secret(
    'The bearer token for all data on the side port. RANKD_HTTP_TOKEN_FILE names a file that holds it.',
  ),
  RANKD_REDIS_URL: secret(
    'The Redis for the mirror (the copy of the ranks) and, in a cluster, for the log. None: no mirror. RANKD_REDIS_URL_FILE names a file that holds it.',
    '^rediss?(\\+(sentinel|cluster))?://',
    REDIS_URL_EXPECTED,
  ),
  RANKD_REDIS_PREFIX: text(
    'rankd',
    'The prefix of every key in Redis: 1 to 64 of A-Z a-z 0-9 . _ -',
    '^[A-Za-z0-9._-]{1,64}$',
    '1 to 64 of A-Z a-z 0-9 . _ -',
  ),
  RANKD_MODE: settings.choice(
    ['standalone', 'cluster'],
    'standalone',
    'cluster: several servers share one order of ranks, which Redis stores.',
  ),
  RANKD_LOG_ACK: settings.choice(
    ['async', 'replicated'],
    'async',
    'Cluster only. replicated: the server also waits until a replica of Redis has confirmed each write.',
  ),
  RANKD_SHARDS: whole(
    16,
    'Cluster only. The number of streams among which the groups are divided. It cannot change after the first start.',
    1,
    256,
  ),
  RANKD_GRACE_SERVER_MS: millis(8000, 'Cluster only. How long the members of a lost server keep their rank and slot.'),
  RANKD_STATE_DIR: optionalText(
    'Cluster only. The directory in which this server keeps which cluster and epoch it has served. Without it, a first start on an empty Redis waits RANKD_REFORM_MS. Each server needs a directory of its own.',
  ),
  RANKD_ADVERTISED_URL: optionalText(
    'Cluster only. The URL by which clients reach this server, for `rankctl servers`. None: RANKD_HOST, or an address of this machine if that is 0.0.0.0. Set it where ports are published or translated.',
    '^rankds?://[^/\\s,]{1,255}$',
    'a URL such as rankd://ranks.example:2700',
  ),
  RANKD_DRAIN_MS: millis(5000, 'After SIGTERM: how long open commands may take to end.'),
  LOG_LEVEL: settings.choice(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
    'The lowest level that is logged.',
  ),
  LOG_FORMAT: settings.choice(['json', 'pretty'], 'json', 'json, or pretty for people who read the log in a terminal.'),
});

/** The admin token that docker-compose.yml and scripts/up use if none is set. It is public. */
export const DEVELOPMENT_ADMIN_TOKEN = 'rankd-development';

/** The settings of the server, checked and with defaults. */
export type ServerConfig = SettingsOf<typeof serverSettingsSchema>;

/**
 * The largest RANKD_FRAME_BYTES_MAX in a cluster. A command of this size fits into one append to a stream, even if JSON escapes make it
 * longer.
 */
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
    faults.push('RANKD_MODE is cluster and needs Redis: set RANKD_REDIS_URL');
  }
  if (config.RANKD_MODE === 'cluster' && config.RANKD_FRAME_BYTES_MAX > CLUSTER_FRAME_BYTES_MAX) {
    faults.push(
      `RANKD_FRAME_BYTES_MAX must be at most ${CLUSTER_FRAME_BYTES_MAX} if RANKD_MODE is cluster, not ${config.RANKD_FRAME_BYTES_MAX}: Redis stores every frame whole`,
    );
  }
  if (config.RANKD_MODE === 'cluster' && config.RANKD_STATE_DIR !== undefined) {
    faults.push(...faultsOfStateDirectory(config.RANKD_STATE_DIR, config.RANKD_REDIS_PREFIX));
  }
  faults.push(...faultsOfTokens(config), ...faultsOfTls(config));
  if (config.RANKD_TLS_CA !== undefined && config.RANKD_TLS_CERT === undefined) {
    faults.push('RANKD_TLS_CA is set without a certificate of the server: set RANKD_TLS_CERT and RANKD_TLS_KEY too');
  }
  if (!isLoopback(config.RANKD_HOST) && !requiresCredentials(config) && !config.RANKD_ALLOW_ANONYMOUS) {
    faults.push(
      `RANKD_HOST ${config.RANKD_HOST} is reachable from other machines: set RANKD_TOKEN, RANKD_TOKEN_FILE or RANKD_TLS_CA, or set RANKD_ALLOW_ANONYMOUS=1 so that every client can join`,
    );
  }
  return faults;
}

/**
 * The admin token must differ from the others: a program that may only join, or only read the side port, must not be able to administer.
 */
function faultsOfTokens({ RANKD_TOKEN, RANKD_ADMIN_TOKEN, RANKD_HTTP_TOKEN }: ServerConfig): string[] {
  if (RANKD_ADMIN_TOKEN === undefined) return [];
  return Object.entries({ RANKD_TOKEN, RANKD_HTTP_TOKEN })
    .filter(([, token]) => token === RANKD_ADMIN_TOKEN)
    .map(
      ([name]) => `${name} is equal to RANKD_ADMIN_TOKEN, so everyone who has it can administer: choose another one`,
    );
}

/** Returns warnings about settings that are allowed but probably a mistake. */
export function warningsOfConfig({ RANKD_TOKEN, RANKD_HTTP_TOKEN }: ServerConfig): string[] {
  if (RANKD_HTTP_TOKEN === undefined || RANKD_HTTP_TOKEN !== RANKD_TOKEN) return [];
  return [
    'RANKD_HTTP_TOKEN is equal to RANKD_TOKEN: everyone who may read the side port may also join and send commands. Choose another one',
  ];
}

function requiresCredentials({ RANKD_TOKEN, RANKD_TLS_CA }: ServerConfig): boolean {
  return RANKD_TOKEN !== undefined || RANKD_TLS_CA !== undefined;
}

function isLoopback(host: string): boolean {
  const address = plainAddress(host);
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
