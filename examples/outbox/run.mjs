// An outbox that one process at a time sends. Its leader is killed under load. The next leader is stopped between its check of the
// clock and its write, and continues after another has taken over. Exits with 0 if every row was sent exactly once, in order.
import { setTimeout as sleep } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { Redis } from 'ioredis';
import { runExample } from '../run-example.mjs';
import { addRow, clearOutbox, countSent, readLedger } from './outbox.mjs';

/** Short times, so that a stopped leader is replaced sooner than by default. */
const QUICK = { RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '800', RANKD_DEAD_MS: '1200' };
const ROWS_AT_A_TIME = 3;
const EVERY_MS = 10;
const ROWS_A_TERM = 100;

/** Adds rows to the outbox until `signal` is aborted. Resolves with the number of rows. */
async function produce(redis, signal) {
  let rows = 0;
  while (!signal.aborted) {
    for (let added = 0; added < ROWS_AT_A_TIME; added += 1) await addRow(redis, (rows += 1));
    await sleep(EVERY_MS);
  }
  return rows;
}

async function untilSent(redis, count) {
  while ((await countSent(redis)) < count) await sleep(20);
}

/** Sends the leader a signal, and prints how long it took until its deputy has sent a row. */
async function succeed(example, leader, deputy, signal) {
  const hitAt = performance.now();
  leader.kill(signal);
  await deputy.says(/I send my first row/);
  const tookMs = Math.round(performance.now() - hitAt);
  example.say(`${deputy.label} sent its first row ${tookMs} ms after ${leader.label} got ${signal}`);
}

/** Returns whether every row is in the ledger once, in the order of the outbox. */
function judge(example, ledger, rows) {
  const senders = [...new Set(ledger.map(({ by }) => by))];
  const shares = senders.map(name => `${name} ${ledger.filter(({ by }) => by === name).length}`).join(', ');
  const lost = rows - new Set(ledger.map(({ order }) => order)).size;
  const doubled = ledger.length - (rows - lost);
  const inOrder = ledger.every(({ order }, index) => Number(order) === index + 1);
  example.say(`${rows} rows, ${ledger.length} sent (${shares}): ${lost} lost, ${doubled} doubled`);
  return lost === 0 && doubled === 0 && inOrder ? 0 : 1;
}

await runExample(async example => {
  const [redisUrl, rankdUrl] = [await example.redis(), await example.rankd(QUICK)];
  const redis = new Redis(redisUrl);
  await clearOutbox(redis);
  const workers = [];
  for (const name of ['ann', 'bob', 'cid']) {
    const worker = example.program(
      name,
      import.meta.url,
      'worker.mjs',
      name,
      `outbox-${process.pid}`,
      rankdUrl,
      redisUrl,
    );
    await worker.says(/I lead|I wait/);
    workers.push(worker);
  }
  const [ann, bob, cid] = workers;
  const enough = new AbortController();
  const produced = produce(redis, enough.signal);
  await untilSent(redis, ROWS_A_TERM);
  await succeed(example, ann, bob, 'SIGKILL');
  await untilSent(redis, 2 * ROWS_A_TERM);
  await succeed(example, bob, cid, 'SIGUSR2');
  await untilSent(redis, 3 * ROWS_A_TERM);
  bob.kill('SIGCONT');
  await bob.says(/my last write was refused/);
  enough.abort();
  const rows = await produced;
  await untilSent(redis, rows);
  return judge(example, await readLedger(redis), rows);
});
