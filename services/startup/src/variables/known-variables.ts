/** The names of all environment variables of rankd's programs, and which variable a wrong name probably means. */

import { distance } from 'fastest-levenshtein';

/** The variables that may be read from the file that `X_FILE` names. */
const secretNames = ['RANKD_TOKEN', 'RANKD_ADMIN_TOKEN', 'RANKD_HTTP_TOKEN', 'RANKD_REDIS_URL'];

/** The settings of the server, the client container and rankctl. A test compares the list with their schemas. */
const settingNames: readonly string[] = [
  ...secretNames,
  ...secretNames.map(name => `${name}_FILE`),
  ...['LOG_LEVEL', 'LOG_FORMAT', 'RANKD_TLS_CERT', 'RANKD_TLS_KEY', 'RANKD_TLS_CA'],
  ...[
    'RANKD_HOST',
    'RANKD_PORT',
    'RANKD_ALLOW_ANONYMOUS',
    'RANKD_MEMBERS_MAX',
    'RANKD_WAITLIST_MAX',
    'RANKD_GROUPS_MAX',
  ],
  ...['RANKD_HEARTBEAT_MS', 'RANKD_SUSPEND_MS', 'RANKD_DEAD_MS', 'RANKD_GRACE_MS', 'RANKD_GRACE_LEADER_MS'],
  ...[
    'RANKD_REFORM_MS',
    'RANKD_ORDER_TTL_MS',
    'RANKD_HELLO_TIMEOUT_MS',
    'RANKD_HELLO_PENDING_MAX',
    'RANKD_OBSERVERS_MAX',
  ],
  ...[
    'RANKD_FRAME_BYTES_MAX',
    'RANKD_BACKLOG_BYTES_MAX',
    'RANKD_UNREAD_BYTES_MAX',
    'RANKD_STALL_MS',
    'RANKD_COMMANDS_OPEN_MAX',
  ],
  ...['RANKD_COMMANDS_PER_SECOND', 'RANKD_DEADLINE_MAX_MS', 'RANKD_CONNECTIONS_PER_IP_MAX', 'RANKD_DRAIN_MS'],
  ...['RANKD_HTTP_HOST', 'RANKD_HTTP_PORT', 'RANKD_HTTP_HOSTS', 'RANKD_HTTP_STREAMS_MAX', 'RANKD_HTTP_CONNECTIONS_MAX'],
  ...[
    'RANKD_REDIS_PREFIX',
    'RANKD_MODE',
    'RANKD_LOG_ACK',
    'RANKD_SHARDS',
    'RANKD_GRACE_SERVER_MS',
    'RANKD_ADVERTISED_URL',
    'RANKD_STATE_DIR',
  ],
  ...['RANKD_URL', 'RANKD_GROUP', 'RANKD_NAME', 'RANKD_TAGS', 'RANKD_COMMAND_EVERY_MS'],
];

/** The variables that rankctl sets for the programs that it starts (R-PROG-1, R-PROG-8, R-PROG-9). They are not settings. */
const givenNames: ReadonlySet<string> = new Set(
  [
    ...['MEMBER', 'RANK', 'SIZE', 'SLOT', 'LEADER', 'LEADS', 'FENCE', 'HTTP', 'HTTP_KEY'],
    ...['ARGS', 'FROM', 'FROM_RANK', 'SEQ', 'DEADLINE_MS'],
  ].map(name => `RANKD_${name}`),
);

/**
 * Patterns of names that begin with RANKD_ and are not settings: Compose files use RANKD_PUBLISH_, the tests use RANKD_TEST_. For a service
 * named `rankd` or `rankd-http`, Kubernetes sets RANKD_SERVICE_HOST, RANKD_PORT_2700_TCP_ADDR, RANKD_HTTP_SERVICE_PORT and others.
 */
const knownPatterns = [
  /^RANKD_(PUBLISH|TEST|SERVICE|PORT)_/,
  /_SERVICE_(HOST|PORT)(_|$)/,
  /_PORT_\d{1,5}_(TCP|UDP|SCTP)/,
];

/** The names of all settings, in a set. */
export const settingNameSet: ReadonlySet<string> = new Set(settingNames);

/** Whether a variable looks like a setting of rankd: `RANKD_X`, `rankd_x`, `RANKD-X`. */
export function isRankdName(name: string): boolean {
  return /^rankd[^a-z0-9]/i.test(name);
}

/** Whether a program of rankd, Compose or Kubernetes uses a variable of this name. */
export function isKnownName(name: string): boolean {
  if (settingNameSet.has(name) || givenNames.has(name)) return true;
  return name.startsWith('RANKD_') && knownPatterns.some(pattern => pattern.test(name));
}

/** Whether a name is `X_FILE` of a setting X that is no secret. No program reads such a variable. */
export function isFileOfPlainSetting(name: string): boolean {
  return name.endsWith('_FILE') && settingNameSet.has(name.slice(0, -'_FILE'.length)) && !settingNameSet.has(name);
}

/**
 * Returns the setting whose name is most similar to `name`. Case is ignored. Words in another order, or missing at the end, count as a
 * small difference. Returns undefined if no name is similar.
 */
export function nearestName(name: string): string | undefined {
  const own = wordsOf(name);
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of settingNames) {
    const difference = differenceOf(own, wordsOf(candidate));
    if (difference >= least) continue;
    [nearest, least] = [candidate, difference];
  }
  return nearest !== undefined && least <= own.join('_').length / 2 ? nearest : undefined;
}

/** Returns the words of a name without `RANKD`, so that RANKD_LOG_LEVEL is similar to LOG_LEVEL. */
function wordsOf(name: string): string[] {
  const words = name.toUpperCase().split(/[^A-Z0-9]+/);
  return words[0] === 'RANKD' ? words.slice(1) : words;
}

function differenceOf(own: readonly string[], other: readonly string[]): number {
  const [typed, known] = [own.join('_'), other.join('_')];
  const isBeginning = known.startsWith(`${typed}_`);
  return Math.min(
    distance(typed, known),
    distance([...own].sort().join('_'), [...other].sort().join('_')) + 1,
    isBeginning ? 1 + (other.length - own.length) / 2 : Number.POSITIVE_INFINITY,
  );
}
