// The outbox in Redis: a stream of rows, and a ledger of the rows that have been sent.
import { fenced } from '../fencing/fenced.mjs';

const TOKEN = '{outbox}:token';
const ROWS = '{outbox}:rows';
const SENT = '{outbox}:sent';
const CURSOR = '{outbox}:cursor';

/** Records a row as sent and moves the cursor past it, in one step. Refused if a later leader has written. */
const ENTER = fenced(`
  redis.call('RPUSH', KEYS[2], ARGV[4])
  redis.call('SET', KEYS[3], ARGV[3])
  return 'entered'`);

/**
 * Returns the position from which to continue. The script checks the token too, so that from this step on a pending write of the
 * earlier leader is refused. After a plain GET the earlier leader could still send one row, which would then be sent twice.
 */
const TAKE_OVER = fenced(`return redis.call('GET', KEYS[2]) or '0-0'`);

/** Adds a row to the outbox. */
export async function addRow(redis, order) {
  await redis.xadd(ROWS, '*', 'order', order);
}

/** Returns the id of the last row that was sent, or 'refused' if another member has led since. */
export async function takeOver(redis, fence) {
  return redis.eval(TAKE_OVER, 2, TOKEN, CURSOR, fence.epoch, fence.view);
}

/** Returns up to `count` rows after `cursor`, the oldest first. */
export async function readRows(redis, cursor, count) {
  const rows = await redis.xrange(ROWS, `(${cursor}`, '+', 'COUNT', count);
  return rows.map(([id, [, order]]) => ({ id, order }));
}

/** Records a row as sent. Returns 'entered', or 'refused' if another member has led since. */
export async function enterAsSent(redis, fence, { id, order }, by) {
  return redis.eval(ENTER, 3, TOKEN, SENT, CURSOR, fence.epoch, fence.view, id, JSON.stringify({ order, by }));
}

/** Returns the rows that were sent, in order: `{ order, by }`. */
export async function readLedger(redis) {
  return (await redis.lrange(SENT, 0, -1)).map(entry => JSON.parse(entry));
}

/** Returns the number of rows that were sent. */
export async function countSent(redis) {
  return redis.llen(SENT);
}

/** Deletes the outbox and the ledger. */
export async function clearOutbox(redis) {
  await redis.del(TOKEN, ROWS, SENT, CURSOR);
}
