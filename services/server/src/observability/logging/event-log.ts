/** The log: one line for each server event. */

import { assertNever, commandRefusal, explainMistake, printable, reasonInWords } from '@rankd/protocol';
import type { Logger } from '@rankd/startup';
import type { Clock } from '../../clock.js';
import type { Promotion, ServerEvent, Watcher } from '../../server-event.js';
import { LogRateLimit } from './log-rate-limit.js';

/** The limits of lines in a second, for events that clients can cause at any rate. */
const linesPerSecondMax: ReadonlyMap<string, number> = new Map([
  ['session.refused', 100],
  ['http.refused', 10],
  ['command.accepted', 100],
  ['command.refused', 100],
  ['command.outcome', 100],
  ['member.joined', 1000],
  ['member.resumed', 1000],
  ['member.away', 1000],
  ['member.left', 1000],
]);

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * Returns a watcher that writes a line for each server event. A line contains the fields of the event and a sentence. It contains no
 * payloads and no secrets. Lines past the limits are only counted. At level debug, every line is written.
 */
export function createEventLog(logger: Logger, clock: Clock): Watcher {
  const rateLimit = new LogRateLimit(clock, linesPerSecondMax, (event, count) =>
    logger.info(
      { event, count },
      `${event}: ${count} more lines were omitted in the last second; LOG_LEVEL=debug writes all lines`,
    ),
  );
  // At level debug, the limits do not apply.
  const isLimited = !logger.isLevelEnabled('debug');
  return event => {
    if (isLimited && !rateLimit.allowsLine(event.event)) return;
    if (event.event === 'members.promoted') {
      logPromotions(logger, event);
      return;
    }
    const line = formatLine(event);
    if (line !== undefined) logger[line.level](event, printable(line.sentence));
  };
}

interface Line {
  readonly level: Level;
  readonly sentence: string;
}

const info = (sentence: string): Line => ({ level: 'info', sentence });

function formatLine(event: Exclude<ServerEvent, { event: 'members.promoted' }>): Line | undefined {
  switch (event.event) {
    case 'listening':
      return info(
        `listening for members on ${event.address}:${event.port}${transportInWords[event.transport]}; page and metrics on port ${event.httpPort}`,
      );
    case 'certificates.renewed':
      return info(`the certificates were read again; the certificate of the server is valid until ${event.validTo}`);
    case 'certificates.unusable':
      return {
        level: 'warn',
        sentence: `the new certificates cannot be used, and the earlier ones stay in use: ${event.reason}; correct the files and send SIGHUP again`,
      };
    case 'http.limited':
      return {
        level: 'warn',
        sentence: `the side port accepts at most ${event.connections} connections, because the process may open only ${event.descriptors} files: raise this limit (ulimit -n) to 4 x RANKD_HTTP_CONNECTIONS_MAX or more`,
      };
    case 'http.refused':
      return {
        level: 'warn',
        sentence: `refused a connection to the side port from ${event.address}: FULL, ${event.connections} connections are open (RANKD_HTTP_CONNECTIONS_MAX)`,
      };
    case 'result':
      return undefined;
    case 'session.refused':
      return { level: 'warn', sentence: formatSessionRefusal(event) };
    case 'session.closed':
      return { level: 'debug', sentence: `closed session ${event.session}: ${event.code}` };
    case 'member.moved':
      return info(
        event.reason === 'RESIGNED'
          ? `${event.name} gave up its rank and has rank ${event.rank} of ${event.size} in group ${event.group}`
          : `${event.name} was moved to rank ${event.rank} in group ${event.group}`,
      );
    case 'observer.joined':
      return info(`${event.name} observes group ${event.group}`);
    case 'member.waiting':
      return info(`session ${event.session} waits for a seat in group ${event.group}, position ${event.position}`);
    case 'member.away':
      return info(
        `${event.name}, rank ${event.rank}, is away from group ${event.group} (${reasonInWords(event.reason)}); its seat is kept`,
      );
    case 'member.resumed':
      return info(`${event.name} is back with rank ${event.rank} of ${event.size} in group ${event.group}`);
    case 'member.joined':
      return info(`${event.name} joined with rank ${event.rank} of ${event.size} in group ${event.group}`);
    case 'member.left':
      return formatLeftLine(event);
    case 'command.accepted': {
      const refused = event.refused === 0 ? '' : `, ${event.refused} refused`;
      return info(
        `${formatSender(event)} ordered ${event.name}: sent to ${event.recipients} ${event.recipients === 1 ? 'member' : 'members'}${refused}`,
      );
    }
    case 'command.refused':
      return info(formatRefusal(event));
    case 'command.outcome':
      return info(`command ${event.name} #${event.seq} ended after ${event.ms} ms: ${formatCounts(event)}`);
    case 'mirror.up':
      return info(`the rank table is mirrored to Redis at ${event.server}`);
    case 'mirror.down':
      return {
        level: 'warn',
        sentence: `the mirror in Redis at ${event.server} is behind (${event.reason}); ranks do not wait for it`,
      };
    case 'mirror.unread':
      return {
        level: 'warn',
        sentence: `the last order in Redis at ${event.server} was not read (${event.reason}): the server refuses hellos with UNAVAILABLE until it has read the order; if that takes longer than ${seconds(event.waitMs)}, a new order starts`,
      };
    case 'mirror.unreadable':
      return {
        level: 'warn',
        sentence: `the last order of the groups ${event.groups.join(', ')} in Redis at ${event.server} cannot be read: hellos to these groups are refused with UNAVAILABLE for ${seconds(event.waitMs)}; after that, a new order starts`,
      };
    case 'mirror.given-up':
      return {
        level: 'warn',
        sentence: `the last order in Redis at ${event.server} was not read in time (${event.reason}): a new order starts, and earlier members join again with the last ranks; when Redis answers, the server logs the old order and overwrites it`,
      };
    case 'mirror.read-late':
      return {
        level: 'warn',
        sentence: `the order in Redis at ${event.server} was read too late: the present order replaces it (it had ${event.members} members in ${event.groups} groups, and the largest epoch ${event.epoch})`,
      };
    case 'mirror.epoch-passed':
      return {
        level: 'warn',
        sentence: `Redis at ${event.server} has a larger epoch that no running server has issued: the order continues with epoch ${event.epoch}, and members resume their seats`,
      };
    case 'mirror.conflict':
      return {
        level: 'error',
        sentence: `server ${event.other} writes its order to the same Redis (${event.server}) under the same RANKD_REDIS_PREFIX, with the larger epoch ${event.epoch}: this server ends all sessions and admits no members until ${event.other} stops; stop one of the two, or set another RANKD_REDIS_PREFIX`,
      };
    case 'mirror.regained':
      return info(
        `server ${event.other} no longer keeps the order in Redis at ${event.server}: this server reads and continues it`,
      );
    case 'cluster.entered':
      return info(`server ${event.server} has joined cluster ${event.cluster}, which has ${event.servers} servers`);
    case 'cluster.adopted':
      return {
        level: 'warn',
        sentence: `an administrator has decided that cluster ${event.cluster} replaces cluster ${event.lost}, which Redis has lost: all members join as new ones`,
      };
    case 'cluster.looking':
      return info(event.reason);
    case 'cluster.over':
      return {
        level: 'warn',
        sentence: `this server has left the cluster (${event.why}: ${endReasons[event.why] ?? 'unknown reason'}): its members reconnect to other servers, and it joins again under a new id`,
      };
    case 'cluster.blocked':
      return { level: 'error', sentence: formatBlocked(event) };
    case 'log.up':
      return info('the cluster log in Redis is available');
    case 'log.down':
      return { level: 'warn', sentence: `the cluster log in Redis is not available: ${event.reason}` };
    case 'log.unusable':
      return { level: 'warn', sentence: `this server cannot use the order in Redis, and retries: ${event.reason}` };
    case 'log.usable':
      return info(`this server can use the order in Redis again, after: ${event.reason}`);
    case 'log.warning':
      return { level: 'warn', sentence: event.sentence };
    case 'development-token':
      return {
        level: 'warn',
        sentence:
          'the admin token is the public development token that Compose and scripts/up set: set RANKD_ADMIN_TOKEN to a secret, or name its file in RANKD_ADMIN_TOKEN_FILE',
      };
    case 'draining':
      return info(`${event.signal}: draining; ${event.members} members keep their order, and new sessions are refused`);
    case 'stopped':
      return info(`stopped after ${event.ms} ms`);
    default:
      return assertNever(event);
  }
}

/** Why a server of a cluster has ended its incarnation, in words. */
const endReasons: Readonly<Record<string, string>> = {
  unheard: 'it has not read its own heartbeats for 5 s',
  'declared-lost': 'the other servers received no heartbeats from it',
  rewritten: 'Redis has lost the last records of the log',
  trimmed: 'it reads the log too slowly',
  missing: 'a stream of the log is missing in Redis',
  malformed: 'it cannot read a record of the log',
};

function formatBlocked({ shard, record, entry, reason }: Extract<ServerEvent, { event: 'cluster.blocked' }>): string {
  const place = `${entry === undefined ? '' : `entry ${entry} of `}record ${record} of shard ${shard}`;
  return `this server cannot apply ${place} (${reason}): its members reconnect to other servers, and it waits; install the version of rankd that the other servers have`;
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 100) / 10} s`;
}

const transportInWords = {
  tcp: '',
  tls: ' with TLS',
  'mutual tls': ' with TLS and client certificates',
} as const;

function formatLeftLine(event: Extract<ServerEvent, { event: 'member.left' }>): Line {
  const { name, rank, group, reason, size } = event;
  // While the server stops, the members keep their ranks, because the order is frozen. Only their sessions end.
  if (reason === 'DRAINING') return { level: 'debug', sentence: `${name} keeps rank ${rank} in group ${group}` };
  return info(`${name}, rank ${rank}, left group ${group} (${reasonInWords(reason)}); ${size} remain`);
}

function formatRefusal(event: Extract<ServerEvent, { event: 'command.refused' }>): string {
  const { reason } = commandRefusal(event.code);
  return `${formatSender(event)} ordered ${event.name}: refused (${event.code}): ${reason}`;
}

function formatSessionRefusal(event: Extract<ServerEvent, { event: 'session.refused' }>): string {
  const { address, code, detail, mistake } = event;
  const reason = mistake === undefined ? detail : explainMistake(mistake, detail);
  return `refused a session from ${address}: ${code}, ${reason}`;
}

/** Administrators and observers have no rank. The server writes it as -1. */
function formatSender({ from, rank }: { readonly from: string; readonly rank: number }): string {
  return rank < 0 ? `${from}, without a rank,` : `${from}, rank ${rank},`;
}

function formatCounts(event: Extract<ServerEvent, { event: 'command.outcome' }>): string {
  const others = (['failed', 'refused', 'expired', 'left'] as const)
    .filter(status => event[status] > 0)
    .map(status => `, ${event[status]} ${status}`);
  return `${event.done} of ${event.recipients} executed it${others.join('')}`;
}

function logPromotions(logger: Logger, event: Extract<ServerEvent, { event: 'members.promoted' }>): void {
  const { group, view, promotions, others } = event;
  for (const promotion of promotions) {
    logger.info({ event: 'member.promoted', group, view, ...promotion }, printable(formatPromotion(promotion)));
  }
  if (others > 0) {
    const sentence = `${others} more members were promoted in group ${group}`;
    logger.info({ event: 'member.promoted', group, view, count: others }, sentence);
  }
}

function formatPromotion({ name, rank, was, cause }: Promotion): string {
  return `${name} is promoted from rank ${was} to rank ${rank}${rank === 0 ? ' and leads' : ''}: ${cause}`;
}
