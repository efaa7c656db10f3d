import { checkClientMessage } from '@rankd/protocol';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Cluster } from 'ioredis';
import type { KeptSeat } from '../core/index.js';
import type { MirrorClient } from './mirror-client.js';
import { groupOf, keyPattern, mirrorKeys } from './keys.js';

/** What a mirror tells of before a restart: the last epoch of all, and each group's order. */
export interface RestoredOrder {
  epochLast: number;
  readonly orders: Map<string, readonly KeptSeat[]>;
}

export function noRestoredOrder(): RestoredOrder {
  return { epochLast: 0, orders: new Map() };
}

/** Epochs are milliseconds since 1970: anything past this was not written by a server. */
const EPOCH_MAX = 2 ** 52;
/** No group may have more members than this, so no slot can be larger. */
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

/** How much of an order may stand again: what the settings allow now, which may be less than it was. */
export interface RestoredOrderLimits {
  readonly groupsMax: number;
  readonly membersMax: number;
}

/**
 * Read once, at start, into `restored`: what has been read stands there already if the reading breaks off. What is not as a
 * server wrote it is left out: Redis is for people to look at, and to change.
 */
export async function readRestoredOrder(
  redis: MirrorClient,
  prefix: string,
  limits: RestoredOrderLimits,
  restored: RestoredOrder,
): Promise<void> {
  if (redis.status !== 'ready') await new Promise<void>(resolve => redis.once('ready', () => resolve()));
  for await (const keys of pagesOf(redis, keyPattern(prefix, 'epoch'))) {
    for (const text of await textsOf(redis, keys)) restored.epochLast = Math.max(restored.epochLast, epochIn(text));
  }
  for await (const keys of pagesOf(redis, keyPattern(prefix, 'seats'))) {
    for (const key of keys) {
      if (restored.orders.size >= limits.groupsMax) return;
      const group = groupOf(key);
      if (group === undefined || mirrorKeys(prefix, group).seats !== key) continue;
      const seats = seatsIn(await ofItsType(redis.hgetall(key), {}), limits.membersMax);
      if (seats.length > 0) restored.orders.set(group, seats);
    }
  }
}

/** In a Redis Cluster each primary has a part of the keys. */
async function* pagesOf(redis: MirrorClient, match: string): AsyncGenerator<string[], void, undefined> {
  for (const node of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
    for await (const keys of node.scanStream({ match, count: 1000 })) {
      if ((keys as string[]).length > 0) yield keys as string[];
    }
  }
}

/** Null for a key that holds something else; MGET says so itself, but takes no keys of several slots. */
async function textsOf(redis: MirrorClient, keys: readonly string[]): Promise<readonly (string | null)[]> {
  if (!(redis instanceof Cluster)) return await redis.mget([...keys]);
  return await Promise.all(keys.map(async key => await ofItsType(redis.get(key), null)));
}

async function ofItsType<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return otherwise;
    throw error;
  }
}

/** 0 where it is nothing that a server wrote. */
function epochIn(text: string | null): number {
  const epoch = Number(text ?? 0);
  return Number.isInteger(epoch) && epoch > 0 && epoch <= EPOCH_MAX ? epoch : 0;
}

/** In the order of their ranks, each member and each slot once; past `membersMax` there is no seat. */
function seatsIn(fields: Readonly<Record<string, string>>, membersMax: number): KeptSeat[] {
  const slots = new Set<number>();
  const ids = new Set((fields['#order'] ?? '').split(' '));
  const seats = [...ids].flatMap(id => {
    const seat = seatIn(fields[id]);
    if (seat?.id !== id || slots.has(seat.slot)) return [];
    slots.add(seat.slot);
    return [seat];
  });
  return seats.slice(0, membersMax);
}

function seatIn(json: string | undefined): Static<typeof seatSchema> | undefined {
  try {
    const seat: unknown = JSON.parse(json ?? '');
    return Value.Check(seatSchema, seat) && mayBeSaid(seat) ? seat : undefined;
  } catch {
    return undefined;
  }
}

/** Names and tags are such as a hello may bring (R-JOIN-1). */
function mayBeSaid({ id, name, tags }: Static<typeof seatSchema>): boolean {
  const hellos = [{ name: id }, { name, tags }].map(hello => checkClientMessage({ type: 'hello', ...hello }));
  return hellos.every(({ kind }) => kind === 'message');
}
