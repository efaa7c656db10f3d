import { describe, expect, it } from '@jest/globals';
import { createEventLog } from '../../../src/observability/logging/event-log.js';
import { FakeClock } from '../gateway/fake-clock.js';
import type { Promotion, ServerEvent } from '../../../src/server-event.js';

interface Line {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly sentence: string;
}

/** The log lines of one event. */
function linesOf(event: ServerEvent): Line[] {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (fields: Record<string, unknown>, sentence: string): void =>
      void lines.push({ level, fields, sentence });
  const logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    isLevelEnabled: () => false,
  };
  createEventLog(logger as unknown as Parameters<typeof createEventLog>[0], new FakeClock())(event);
  return lines;
}

const member = { group: 'default', member: 'm1', name: 'ann', rank: 2, size: 5, view: 9 };
const command = { group: 'default', name: 'print', member: 'm1', from: 'ann', rank: 0 };
const counts = { recipients: 5, done: 2, failed: 1, refused: 0, expired: 1, left: 1 };

/** One event of each kind that is logged, with its level and its sentence. */
const loggedEvents: { event: ServerEvent; level: string; sentence: string }[] = [
  {
    event: { event: 'certificates.renewed', validTo: 'Nov 23 04:31:00 2027 GMT' },
    level: 'info',
    sentence: 'the certificates were read again; the certificate of the server is valid until Nov 23 04:31:00 2027 GMT',
  },
  {
    event: { event: 'certificates.unusable', reason: 'RANKD_TLS_CA cannot be used: x' },
    level: 'warn',
    sentence:
      'the new certificates cannot be used, and the earlier ones stay in use: RANKD_TLS_CA cannot be used: x; correct the files and send SIGHUP again',
  },
  {
    event: { event: 'listening', address: '127.0.0.1', port: 2700, httpPort: 9464, transport: 'tcp' },
    level: 'info',
    sentence: 'listening for members on 127.0.0.1:2700; page and metrics on port 9464',
  },
  {
    event: { event: 'http.limited', connections: 100, descriptors: 400 },
    level: 'warn',
    sentence:
      'the side port accepts at most 100 connections, because the process may open only 400 files: raise this limit (ulimit -n) to 4 x RANKD_HTTP_CONNECTIONS_MAX or more',
  },
  {
    event: { event: 'http.refused', address: '1.2.3.4', connections: 128 },
    level: 'warn',
    sentence:
      'refused a connection to the side port from 1.2.3.4: FULL, 128 connections are open (RANKD_HTTP_CONNECTIONS_MAX)',
  },
  {
    event: {
      event: 'session.refused',
      session: 's1',
      address: '1.2.3.4:5',
      code: 'FULL',
      detail: 'group x has 100 of 100 members',
    },
    level: 'warn',
    sentence: 'refused a session from 1.2.3.4:5: FULL, group x has 100 of 100 members',
  },
  {
    event: { event: 'session.closed', session: 's1', code: 'CLOSED' },
    level: 'debug',
    sentence: 'closed session s1: CLOSED',
  },
  {
    event: { ...member, event: 'member.joined', slot: 1, address: '1.2.3.4:5', waitedMs: 3 },
    level: 'info',
    sentence: 'ann joined with rank 2 of 5 in group default',
  },
  {
    event: { ...member, event: 'member.left', reason: 'CLOSED', promoted: 3 },
    level: 'info',
    sentence: 'ann, rank 2, left group default (connection closed); 5 remain',
  },
  {
    event: { ...member, event: 'member.left', reason: 'GRACE_ENDED', promoted: 3 },
    level: 'info',
    sentence: 'ann, rank 2, left group default (did not resume in time); 5 remain',
  },
  {
    event: { ...member, event: 'member.left', reason: 'DRAINING', promoted: 0 },
    level: 'debug',
    sentence: 'ann keeps rank 2 in group default',
  },
  {
    event: { ...member, event: 'member.away', reason: 'HEARTBEAT_TIMEOUT' },
    level: 'info',
    sentence: 'ann, rank 2, is away from group default (did not answer pings); its seat is kept',
  },
  {
    event: { ...member, event: 'member.away', reason: 'RESTARTED' },
    level: 'info',
    sentence: 'ann, rank 2, is away from group default (the server was restarted); its seat is kept',
  },
  {
    event: { ...member, event: 'member.resumed', slot: 1, address: '1.2.3.4:5', waitedMs: 3 },
    level: 'info',
    sentence: 'ann is back with rank 2 of 5 in group default',
  },
  {
    event: { ...member, event: 'member.moved', promoted: 1 },
    level: 'info',
    sentence: 'ann was moved to rank 2 in group default',
  },
  {
    event: { ...member, event: 'member.moved', reason: 'RESIGNED', promoted: 1 },
    level: 'info',
    sentence: 'ann gave up its rank and has rank 2 of 5 in group default',
  },
  {
    event: { event: 'member.waiting', group: 'default', session: 's1', position: 3 },
    level: 'info',
    sentence: 'session s1 waits for a seat in group default, position 3',
  },
  {
    event: { event: 'observer.joined', group: 'default', member: 'm1', name: 'ann' },
    level: 'info',
    sentence: 'ann observes group default',
  },
  {
    event: { ...command, event: 'command.accepted', seq: 4, recipients: 3, refused: 0 },
    level: 'info',
    sentence: 'ann, rank 0, ordered print: sent to 3 members',
  },
  {
    event: { ...command, event: 'command.accepted', seq: 4, recipients: 3, refused: 2 },
    level: 'info',
    sentence: 'ann, rank 0, ordered print: sent to 3 members, 2 refused',
  },
  {
    event: { ...command, event: 'command.refused', code: 'OUTRANKED' },
    level: 'info',
    sentence:
      'ann, rank 0, ordered print: refused (OUTRANKED): only members with a larger rank number than the sender may execute it',
  },
  {
    event: { ...command, event: 'command.refused', code: 'NO_RECIPIENTS' },
    level: 'info',
    sentence: 'ann, rank 0, ordered print: refused (NO_RECIPIENTS): no member can execute it',
  },
  {
    event: { ...command, event: 'command.refused', code: 'NO_SUCH_TARGET' },
    level: 'info',
    sentence:
      'ann, rank 0, ordered print: refused (NO_SUCH_TARGET): no member has the rank, id or name that it was sent to',
  },
  {
    event: { ...command, event: 'command.refused', code: 'NOT_A_MEMBER', rank: -1 },
    level: 'info',
    sentence:
      'ann, without a rank, ordered print: refused (NOT_A_MEMBER): the sender is an observer, and only members send commands',
  },
  {
    event: { ...command, event: 'command.accepted', seq: 4, recipients: 3, refused: 0, rank: -1 },
    level: 'info',
    sentence: 'ann, without a rank, ordered print: sent to 3 members',
  },
  {
    event: {
      ...counts,
      event: 'command.outcome',
      group: 'default',
      seq: 4,
      name: 'print',
      member: 'm1',
      ms: 12,
      forwarded: true,
    },
    level: 'info',
    sentence: 'command print #4 ended after 12 ms: 2 of 5 executed it, 1 failed, 1 expired, 1 left',
  },
  {
    event: { event: 'mirror.up', server: 'redis:6379' },
    level: 'info',
    sentence: 'the rank table is mirrored to Redis at redis:6379',
  },
  {
    event: { event: 'mirror.down', server: 'redis:6379', reason: 'connection closed' },
    level: 'warn',
    sentence: 'the mirror in Redis at redis:6379 is behind (connection closed); ranks do not wait for it',
  },
  {
    event: { event: 'mirror.unread', server: 'redis:6379', reason: 'LOADING Redis is loading its data', waitMs: 4950 },
    level: 'warn',
    sentence:
      'the last order in Redis at redis:6379 was not read (LOADING Redis is loading its data): the server refuses hellos with UNAVAILABLE until it has read the order; if that takes longer than 5 s, a new order starts',
  },
  {
    event: { event: 'mirror.unreadable', server: 'redis:6379', groups: ['a', 'b'], waitMs: 4900 },
    level: 'warn',
    sentence:
      'the last order of the groups a, b in Redis at redis:6379 cannot be read: hellos to these groups are refused with UNAVAILABLE for 4.9 s; after that, a new order starts',
  },
  {
    event: { event: 'mirror.given-up', server: 'redis:6379', reason: 'connection closed' },
    level: 'warn',
    sentence:
      'the last order in Redis at redis:6379 was not read in time (connection closed): a new order starts, and earlier members join again with the last ranks; when Redis answers, the server logs the old order and overwrites it',
  },
  {
    event: { event: 'mirror.read-late', server: 'redis:6379', epoch: 7, groups: 2, members: 5 },
    level: 'warn',
    sentence:
      'the order in Redis at redis:6379 was read too late: the present order replaces it (it had 5 members in 2 groups, and the largest epoch 7)',
  },
  {
    event: { event: 'mirror.epoch-passed', server: 'redis:6379', epoch: 8 },
    level: 'warn',
    sentence:
      'Redis at redis:6379 has a larger epoch that no running server has issued: the order continues with epoch 8, and members resume their seats',
  },
  {
    event: { event: 'cluster.over', server: 's1', why: 'unheard' },
    level: 'warn',
    sentence:
      'this server has left the cluster (unheard: it has not read its own heartbeats for 5 s): its members reconnect to other servers, and it joins again under a new id',
  },
  {
    event: { event: 'mirror.conflict', server: 'redis:6379', other: 'host-2', epoch: 9 },
    level: 'error',
    sentence:
      'server host-2 writes its order to the same Redis (redis:6379) under the same RANKD_REDIS_PREFIX, with the larger epoch 9: this server ends all sessions and admits no members until host-2 stops; stop one of the two, or set another RANKD_REDIS_PREFIX',
  },
  {
    event: { event: 'mirror.regained', server: 'redis:6379', other: 'host-2' },
    level: 'info',
    sentence: 'server host-2 no longer keeps the order in Redis at redis:6379: this server reads and continues it',
  },
  {
    event: { event: 'draining', signal: 'SIGTERM', members: 5 },
    level: 'info',
    sentence: 'SIGTERM: draining; 5 members keep their order, and new sessions are refused',
  },
  {
    event: { event: 'development-token' },
    level: 'warn',
    sentence:
      'the admin token is the public development token that Compose and scripts/up set: set RANKD_ADMIN_TOKEN to a secret, or name its file in RANKD_ADMIN_TOKEN_FILE',
  },
  { event: { event: 'stopped', ms: 12 }, level: 'info', sentence: 'stopped after 12 ms' },
];

describe('the log', () => {
  it.each(loggedEvents)('has a line for $event.event with its fields and a sentence', ({ event, level, sentence }) => {
    expect(linesOf(event)).toEqual([{ level, fields: event, sentence }]);
  });

  it('has no line for a result, because the outcome counts it', () => {
    expect(linesOf({ event: 'result', status: 'done' })).toEqual([]);
  });

  const evil = '\x1b[31m\r\nfake\u2028\u202e\u200b';

  it.each([
    { ...member, event: 'member.joined', name: evil, slot: 1, address: '1.2.3.4:5', waitedMs: 3 },
    { ...member, event: 'member.resumed', name: evil, slot: 1, address: '1.2.3.4:5', waitedMs: 3 },
    { ...member, event: 'member.away', name: 'ann', reason: evil },
    { ...member, event: 'member.left', name: 'ann', reason: evil, promoted: 0 },
    { ...member, event: 'member.moved', name: evil, promoted: 0 },
    { event: 'observer.joined', group: 'default', member: 'm1', name: evil },
    { event: 'mirror.down', server: 'redis:6379', reason: evil },
    {
      event: 'members.promoted',
      group: 'default',
      view: 9,
      promotions: [{ member: 'm1', name: evil, rank: 0, was: 1, cause: evil }],
      others: 0,
      delayMs: 0,
    },
  ] satisfies ServerEvent[])('escapes control characters of $event for terminals', event => {
    const [line] = linesOf(event);
    expect(line?.sentence).toContain(String.raw`\u001b[31m\u000d\u000afake\u2028\u202e\u200b`);
    expect(line?.sentence).not.toMatch(/[\p{C}\u2028]/u);
  });

  it('escapes control characters of everything that a peer may send', () => {
    const detail = `feature ${evil}`;
    const refused = {
      event: 'session.refused',
      session: 's1',
      address: '1.2.3.4:5',
      code: 'UNSUPPORTED',
      detail,
    } as const;
    expect(linesOf(refused)[0]?.sentence).toBe(
      String.raw`refused a session from 1.2.3.4:5: UNSUPPORTED, feature \u001b[31m\u000d\u000afake\u2028\u202e\u200b`,
    );
  });
});

describe('promotions', () => {
  const promoted = (count: number, others = 0): Line[] => {
    const promotions = Array.from({ length: count }, (_, index): Promotion => {
      return { member: `m${index}`, name: `name-${index}`, rank: index, was: index + 1, cause: 'ann left (CLOSED)' };
    });
    return linesOf({ event: 'members.promoted', group: 'default', view: 9, promotions, others, delayMs: 0 });
  };

  it('have a line each, and the first names the leader', () => {
    expect(promoted(2)).toEqual([
      {
        level: 'info',
        fields: {
          event: 'member.promoted',
          group: 'default',
          view: 9,
          member: 'm0',
          name: 'name-0',
          rank: 0,
          was: 1,
          cause: 'ann left (CLOSED)',
        },
        sentence: 'name-0 is promoted from rank 1 to rank 0 and leads: ann left (CLOSED)',
      },
      expect.objectContaining({ sentence: 'name-1 is promoted from rank 2 to rank 1: ann left (CLOSED)' }),
    ]);
  });

  it('that are not named are counted in one line', () => {
    const lines = promoted(20, 79);
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toEqual({
      level: 'info',
      fields: { event: 'member.promoted', group: 'default', view: 9, count: 79 },
      sentence: '79 more members were promoted in group default',
    });
  });
});
