// Sends what is in the outbox, as long as it leads; else it stands by with its connections open. On SIGUSR2 it stops at the worst
// moment, to show that this does no harm. Arguments: name, group, URL of rankd, URL of Redis.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from '@rankd/client';
import { Redis } from 'ioredis';
import { enterAsSent, readRows, takeOver } from './outbox.mjs';

const [name, group, rankdUrl, redisUrl] = process.argv.slice(2);
const BATCH = 20;
/** What it takes to hand a row to whoever it is for. */
const SENDING_MS = 1;
let stopsAfterLook = false;
process.on('SIGUSR2', () => (stopsAfterLook = true));

/** The job that must run once: `signal.aborted` is read against the clock, and `fence` guards the instant after it. */
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
    `I stop after ${sent} rows${cursor === 'refused' ? ': another has led since, my last write was refused' : ''}`,
  );
}

/** As a long collection does, or a machine that is moved: it has looked, it may, and it goes on when another leads. */
function stopRightHere() {
  stopsAfterLook = false;
  process.kill(process.pid, 'SIGSTOP');
}

const redis = new Redis(redisUrl);
const me = await join(rankdUrl, { name, group });
console.log(me.rank === 0 ? 'I lead' : `I stand by with rank ${me.rank}`);
await me.lead(work);
