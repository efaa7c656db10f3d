// Sends the rows of the outbox while it leads. Otherwise it waits with its connections open. On SIGUSR2 it stops at the worst moment,
// to show that this causes no error. Arguments: name, group, URL of rankd, URL of Redis.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from '@rankd/client';
import { Redis } from 'ioredis';
import { enterAsSent, readRows, takeOver } from './outbox.mjs';

const [name, group, rankdUrl, redisUrl] = process.argv.slice(2);
const BATCH = 20;
/** How long it takes to send a row to its recipient, ms. */
const SENDING_MS = 1;
let stopsAfterLook = false;
process.on('SIGUSR2', () => (stopsAfterLook = true));

/** The job that must run once. Reading `signal.aborted` checks the clock, and `fence` protects the moment after that. */
async function work(signal, fence) {
  let [cursor, sent] = [await takeOver(redis, fence), 0];
  while (!signal.aborted && cursor !== 'refused') {
    const rows = await readRows(redis, cursor, BATCH);
    if (rows.length === 0) await sleep(SENDING_MS);
    for (const row of rows) {
      await sleep(SENDING_MS);
      if (signal.aborted) break;
      if (stopsAfterLook) stopRightHere();
      const written = await enterAsSent(redis, fence, row, name);
      cursor = written === 'entered' ? row.id : 'refused';
      if (cursor === 'refused') break;
      sent += 1;
      if (sent === 1) console.log(`I send my first row: ${row.order}`);
    }
  }
  console.log(
    `I stop after ${sent} rows${cursor === 'refused' ? ': another worker leads now, my last write was refused' : ''}`,
  );
}

/**
 * Stops this process at the worst moment: it has checked that it leads, and continues when another member leads. A long garbage
 * collection or a moved virtual machine has the same effect.
 */
function stopRightHere() {
  stopsAfterLook = false;
  process.kill(process.pid, 'SIGSTOP');
}

const redis = new Redis(redisUrl);
const me = await join(rankdUrl, { name, group });
console.log(me.rank === 0 ? 'I lead' : `I wait with rank ${me.rank}`);
await me.lead(work);
