/** R-VIEW-6: reads the order from before a restart from the mirror. */

import { checkClientMessage } from '@rankd/protocol';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Cluster } from 'ioredis';
import type { KeptSeat } from '../core/index.js';
import type { MirrorClient } from './mirror-client.js';
import { parseGroupName, keyPattern, mirrorKeys } from './keys.js';

/** The order from before a restart. */
export interface RestoredOrder {
  /** The largest epoch of all groups. 0 if there is none. */
  epochLast: number;
  /** The seats of each group, by rank. */
  readonly orders: Map<string, readonly KeptSeat[]>;
}

/** Returns an order without groups. */
export function emptyRestoredOrder(): RestoredOrder {
  return { epochLast: 0, orders: new Map() };
}

/** Epochs are milliseconds since 1970. No server writes a larger number. */
const EPOCH_MAX = 2 ** 52;
/** The largest slot: the largest limit of members that a group may have. */
const SLOT_MAX = 100_000;

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
 * Reads the order from before a restart into `restored`. The result grows while it reads, so a caller that stops waiting has a part of
 * it. Data that no server would write is skipped, because people may edit Redis. Rejects if Redis fails.
 */
export async function readRestoredOrder(
  redis: MirrorClient,
  prefix: string,
  limits: RestoredOrderLimits,
  restored: RestoredOrder,
): Promise<void> {
  if (redis.status !== 'ready') await new Promise<void>(resolve => redis.once('ready', () => resolve()));
  for await (const keys of scanKeys(redis, keyPattern(prefix, 'epoch'))) {
    for (const text of await readTexts(redis, keys))
      restored.epochLast = Math.max(restored.epochLast, parseEpoch(text));
  }
  for await (const keys of scanKeys(redis, keyPattern(prefix, 'seats'))) {
    for (const key of keys) {
      if (restored.orders.size >= limits.groupsMax) return;
      const group = parseGroupName(key);
      if (group === undefined || mirrorKeys(prefix, group).seats !== key) continue;
      const seats = parseSeats(await ignoreWrongType(redis.hgetall(key), {}), limits.membersMax);
      if (seats.length > 0) restored.orders.set(group, seats);
    }
  }
}

/** Yields the keys that match, in pages. Scans every primary of a Redis Cluster. */
async function* scanKeys(redis: MirrorClient, match: string): AsyncGenerator<string[], void, undefined> {
  for (const node of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
    for await (const keys of node.scanStream({ match, count: 1000 })) {
      if ((keys as string[]).length > 0) yield keys as string[];
    }
  }
}

/**
 * Returns the strings at `keys`, with null for a key of another type. It uses GET in a Redis Cluster, because MGET does not accept keys
 * of several slots there.
 */
async function readTexts(redis: MirrorClient, keys: readonly string[]): Promise<readonly (string | null)[]> {
  if (!(redis instanceof Cluster)) return await redis.mget([...keys]);
  return await Promise.all(keys.map(async key => await ignoreWrongType(redis.get(key), null)));
}

async function ignoreWrongType<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return otherwise;
    throw error;
  }
}

/** Returns the epoch in `text`. Returns 0 if no server would write it. */
function parseEpoch(text: string | null): number {
  const epoch = Number(text ?? 0);
  return Number.isInteger(epoch) && epoch > 0 && epoch <= EPOCH_MAX ? epoch : 0;
}

/** Returns the first `membersMax` seats by rank. Skips a seat whose member or slot is repeated. */
function parseSeats(fields: Readonly<Record<string, string>>, membersMax: number): KeptSeat[] {
  const slots = new Set<number>();
  const ids = new Set((fields['#order'] ?? '').split(' '));
  const seats = [...ids].flatMap(id => {
    const seat = parseSeat(fields[id]);
    if (seat?.id !== id || slots.has(seat.slot)) return [];
    slots.add(seat.slot);
    return [seat];
  });
  return seats.slice(0, membersMax);
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
