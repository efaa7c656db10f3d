/** R-VIEW-6: reads the order that the mirror had before a restart. */

import { checkClientMessage } from '@rankd/protocol';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Cluster } from 'ioredis';
import type { KeptSeat } from '../core/index.js';
import type { MirrorClient } from './mirror-client.js';
import { mirrorKeys, orderKeysPattern, parseGroupName, writerKey } from './keys.js';
import { EPOCH_MAX, parseWriterClaim, type WriterClaim } from './writer-claim.js';

const CLUSTER_SLOTS = 16_384;

/** The content of Redis when the server starts (R-VIEW-6). */
export interface RestoredOrder {
  /** The largest epoch of all groups and of the writer's claim, 0 if none. */
  readonly epochLast: number;
  /** The seats of each group, by rank. */
  readonly orders: ReadonlyMap<string, readonly KeptSeat[]>;
  /** Groups whose stored leader cannot be read. */
  readonly unreadableGroups: ReadonlySet<string>;
  /** The claim in Redis: the server that writes the mirror, or has written it in the last seconds. */
  readonly writer: WriterClaim | undefined;
}

/** Returns an order without groups. */
export function emptyRestoredOrder(): RestoredOrder {
  return { epochLast: 0, orders: new Map(), unreadableGroups: new Set(), writer: undefined };
}

/** The largest slot: the largest limit of members that a group may have. */
const SLOT_MAX = 100_000;
/** How many groups are read at the same time. The number is small, so that a slow Redis answers each read within the time limit. */
const GROUPS_READ_MAX = 16;

const seatSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  tags: Type.Record(Type.String(), Type.String()),
  address: Type.String({ maxLength: 64, pattern: '^[!-~]*$' }),
  joinedAt: Type.Integer({ minimum: 0, maximum: 8.64e15 }),
  slot: Type.Integer({ minimum: 0, maximum: SLOT_MAX }),
  secretHash: Type.String({ minLength: 1, maxLength: 64 }),
});

/** The limits of the present settings. They may be lower than before the restart. */
export interface RestoredOrderLimits {
  readonly groupsMax: number;
  readonly membersMax: number;
}

/**
 * Reads the whole order. Rejects if any part cannot be read, because an unread part must not count as empty. A value that no server writes
 * is skipped, because people may edit Redis. If it is the seat of a group's leader, the group is unreadable.
 */
export async function readRestoredOrder(
  redis: MirrorClient,
  prefix: string,
  limits: RestoredOrderLimits,
): Promise<RestoredOrder> {
  const [keys, claim] = await Promise.all([
    findKeys(redis, orderKeysPattern(prefix)),
    readClaim(redis, writerKey(prefix)),
    requireWholeStore(redis),
  ]);
  const epochKeys = keys.filter(key => key.endsWith(':epoch'));
  const groups = keys.flatMap(key => findGroupOfSeats(prefix, key) ?? []);
  const [epochs, read] = await Promise.all([readTexts(redis, epochKeys), readGroups(redis, prefix, groups, limits)]);
  const epochLast = epochs.map(parseEpoch).reduce((last, epoch) => Math.max(last, epoch), claim?.epoch ?? 0);
  return { epochLast, writer: claim, ...read };
}

async function readClaim(redis: MirrorClient, key: string): Promise<WriterClaim | undefined> {
  try {
    return parseWriterClaim(await ignoreWrongType(redis.get(key), null));
  } catch (error) {
    // Earlier versions had no such key, so the user of Redis may lack this right.
    if (error instanceof Error && error.message.startsWith('NOPERM')) {
      throw new Error(`NOPERM the user may not read the key ${key} (docs/operations/redis.md, Rights)`, {
        cause: error,
      });
    }
    throw error;
  }
}

async function readGroups(
  redis: MirrorClient,
  prefix: string,
  groups: readonly string[],
  { groupsMax, membersMax }: RestoredOrderLimits,
): Promise<Pick<RestoredOrder, 'orders' | 'unreadableGroups'>> {
  const orders = new Map<string, readonly KeptSeat[]>();
  const unreadableGroups = new Set<string>();
  for (let first = 0; first < groups.length && orders.size < groupsMax; first += GROUPS_READ_MAX) {
    const some = groups.slice(first, first + GROUPS_READ_MAX);
    const read = await Promise.all(
      some.map(async group => await ignoreWrongType(redis.hgetall(mirrorKeys(prefix, group).seats), null)),
    );
    for (const [index, fields] of read.entries()) {
      const group = some[index] ?? '';
      const seats = fields === null ? 'unreadable' : parseSeats(fields, membersMax);
      if (seats === 'unreadable') unreadableGroups.add(group);
      else if (seats.length > 0 && orders.size < groupsMax) orders.set(group, seats);
    }
  }
  return { orders, unreadableGroups };
}

/** Rejects if keys may be missing: a replica may lag or be empty, and a Redis Cluster may have slots without a primary. */
async function requireWholeStore(redis: MirrorClient): Promise<void> {
  if (redis instanceof Cluster) {
    const info = await redis.cluster('INFO');
    if (!info.includes(`cluster_slots_ok:${CLUSTER_SLOTS}\r`))
      throw new Error('CLUSTERDOWN not every slot has a primary');
    return;
  }
  if (/^role:slave/m.test(await redis.info('replication'))) {
    throw new Error('READONLY this Redis is a replica, and its primary may have newer data');
  }
}

/** Scans each primary of a Redis Cluster twice: a scan can miss the keys of a slot that moves to another primary at that time. */
async function findKeys(redis: MirrorClient, match: string): Promise<string[]> {
  const found = new Set<string>();
  const nodes = redis instanceof Cluster ? [...redis.nodes('master'), ...redis.nodes('master')] : [redis];
  for (const node of nodes) {
    for await (const keys of node.scanStream({ match, count: 1000 }))
      for (const key of keys as string[]) found.add(key);
  }
  return [...found];
}

/** Returns the group whose seats are at `key`. Returns undefined if `key` has no seats. */
function findGroupOfSeats(prefix: string, key: string): string | undefined {
  const group = parseGroupName(key);
  return group !== undefined && mirrorKeys(prefix, group).seats === key ? group : undefined;
}

/**
 * Returns the strings at `keys`, with null for a key of another type. In a Redis Cluster it uses GET, because MGET does not accept keys of
 * several slots.
 */
async function readTexts(redis: MirrorClient, keys: readonly string[]): Promise<readonly (string | null)[]> {
  if (keys.length === 0) return [];
  if (!(redis instanceof Cluster)) return await redis.mget([...keys]);
  return await Promise.all(keys.map(async key => await ignoreWrongType(redis.get(key), null)));
}

async function ignoreWrongType<T, E>(answer: Promise<T>, otherwise: E): Promise<T | E> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return otherwise;
    throw error;
  }
}

/** Returns the epoch in `text`, or 0 if it is not an epoch that a server writes. */
export function parseEpoch(text: string | null): number {
  const epoch = Number(text ?? 0);
  return Number.isInteger(epoch) && epoch > 0 && epoch <= EPOCH_MAX ? epoch : 0;
}

/**
 * Returns the first `membersMax` seats by rank. Returns none if there are no fields. A seat is skipped if an earlier seat has the same
 * member or slot. If the seat of the leader is missing, the order is `unreadable`, because the member that may still lead is unknown.
 */
function parseSeats(fields: Readonly<Record<string, string>>, membersMax: number): KeptSeat[] | 'unreadable' {
  if (Object.keys(fields).length === 0) return [];
  const slots = new Set<number>();
  const ids = [...new Set((fields['#order'] ?? '').split(' '))];
  const seats = ids.flatMap(id => {
    const seat = parseSeat(fields[id]);
    if (seat?.id !== id || slots.has(seat.slot)) return [];
    slots.add(seat.slot);
    return [seat];
  });
  return seats[0]?.id === ids[0] && seats.length > 0 ? seats.slice(0, membersMax) : 'unreadable';
}

function parseSeat(json: string | undefined): Static<typeof seatSchema> | undefined {
  try {
    const seat: unknown = JSON.parse(json ?? '');
    return Value.Check(seatSchema, seat) && hasValidHello(seat) ? seat : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a hello may contain this id, name and tags (R-JOIN-1). */
function hasValidHello({ id, name, tags }: Static<typeof seatSchema>): boolean {
  const hellos = [{ name: id }, { name, tags }].map(hello => checkClientMessage({ type: 'hello', ...hello }));
  return hellos.every(({ kind }) => kind === 'message');
}
