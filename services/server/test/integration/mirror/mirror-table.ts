import { expect } from '@jest/globals';
import type { Redis } from 'ioredis';

/** A group in the mirror; all fields are of one view. */
export interface MirrorTable {
  readonly epoch: number;
  readonly view: number;
  readonly size: number;
  /** Member ids by rank. */
  readonly order: readonly string[];
  readonly members: Readonly<Record<string, unknown>>;
}

export interface MirrorEvent {
  readonly epoch: string;
  readonly view: string;
  readonly kind: string;
  readonly [field: string]: string;
}

/** Reads the three keys in one MULTI. Throws if they contradict each other. Resolves with undefined if there is no such group. */
export async function readTable(redis: Redis, group = 'default', prefix = 'rankd'): Promise<MirrorTable | undefined> {
  const key = (name: string): string => `${prefix}:{${group}}:${name}`;
  const answers = await redis
    .multi()
    .zrange(key('ranks'), '0', '-1', 'WITHSCORES')
    .hgetall(key('members'))
    .hgetall(key('info'))
    .exec();
  const [ranks, members, info] = (answers ?? []).map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
  return tableOf(pairsOf(ranks), members as Record<string, string>, info as Record<string, string>);
}

/** Reads the same in one Lua script, and the last event. */
export async function readTableByScript(redis: Redis): Promise<(MirrorTable & { lastEventView: number }) | undefined> {
  const script = `return {
    redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]),
    redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1) }`;
  const keys = ['ranks', 'members', 'info', 'events'].map(name => `rankd:{default}:${name}`);
  const answer = (await redis.eval(script, keys.length, ...keys)) as [
    string[],
    string[],
    string[],
    [string, string[]][],
  ];
  const [ranks, members, info, events] = answer;
  const table = tableOf(
    pairsOf(ranks),
    Object.fromEntries(pairsOf(members)) as Record<string, string>,
    Object.fromEntries(pairsOf(info)) as Record<string, string>,
  );
  if (table === undefined) return undefined;
  const last = Object.fromEntries(pairsOf(events[0]?.[1])) as Record<string, string>;
  return { ...table, lastEventView: Number(last['view']) };
}

export async function readEvents(redis: Redis, group = 'default'): Promise<MirrorEvent[]> {
  const entries = await redis.xrange(`rankd:{${group}}:events`, '-', '+');
  return entries.map(([, fields]) => Object.fromEntries(pairsOf(fields)) as unknown as MirrorEvent);
}

function tableOf(
  ranks: readonly (readonly [string, unknown])[],
  members: Record<string, string>,
  info: Record<string, string>,
): MirrorTable | undefined {
  if (info['view'] === undefined) return undefined;
  const order = ranks.map(([member]) => member);
  expect(ranks.map(([, rank]) => Number(rank))).toEqual(order.map((_, index) => index));
  expect(Object.keys(members).sort()).toEqual([...order].sort());
  expect(Number(info['size'])).toBe(order.length);
  return {
    epoch: Number(info['epoch']),
    view: Number(info['view']),
    size: order.length,
    order,
    members: Object.fromEntries(
      Object.entries(members).map(([member, facts]) => [member, JSON.parse(facts) as unknown]),
    ),
  };
}

/** Pairs of a flat list, or of a list of pairs (RESP3). */
function pairsOf(list: unknown): (readonly [string, unknown])[] {
  const items = (list ?? []) as unknown[];
  if (Array.isArray(items[0])) return items as [string, unknown][];
  return items.flatMap((item, index) => (index % 2 === 0 ? [[String(item), items[index + 1]] as const] : []));
}
