// The outbox in Redis: rows that others have put into a stream, and a ledger of those that have been sent.
import { fenced } from '../fencing/fenced.mjs';

const TOKEN = '{outbox}:token';
const ROWS = '{outbox}:rows';
const SENT = '{outbox}:sent';
const CURSOR = '{outbox}:cursor';

/** Enters a row as sent and moves the cursor behind it, in one step, unless a later leader has written. */
const ENTER = fenced(`
  redis.call('RPUSH', KEYS[2], ARGV[4])
  redis.call('SET', KEYS[3], ARGV[3])
  return 'entered'`);

/**
 * Where to go on. It is asked with the token too: from this step on what the leader before may still have under way is
 * refused. A plain GET would leave it time to send one row more, which would then be sent twice.
 */
const TAKE_OVER = fenced(`return redis.call('GET', KEYS[2]) or '0-0'`);

export async function addRow(redis, order) {
  await redis.xadd(ROWS, '*', 'order', order);
}

/** The id of the last row that has been sent; 'refused' where another has led since. */
export async function takeOver(redis, fence) {
  return redis.eval(TAKE_OVER, 2, TOKEN, CURSOR, fence.epoch, fence.view);
}

/** Up to `count` rows behind `cursor`, the oldest first. */
export async function readRows(redis, cursor, count) {
  const rows = await redis.xrange(ROWS, `(${cursor}`, '+', 'COUNT', count);
  return rows.map(([id, [, order]]) => ({ id, order }));
}

/** 'entered', or 'refused' where another has led since. */
export async function enterAsSent(redis, fence, { id, order }, by) {
  return redis.eval(ENTER, 3, TOKEN, SENT, CURSOR, fence.epoch, fence.view, id, JSON.stringify({ order, by }));
}

/** What has been sent, in its order: `{ order, by }`. */
export async function readLedger(redis) {
  return (await redis.lrange(SENT, 0, -1)).map(entry => JSON.parse(entry));
}

export async function countSent(redis) {
  return redis.llen(SENT);
}

export async function clearOutbox(redis) {
  await redis.del(TOKEN, ROWS, SENT, CURSOR);
}
