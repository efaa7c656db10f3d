// Polls its share of the feeds. Start any number of workers: each feed is polled by one of them.
//   RANKD_URL           the URL of the server (rankd://127.0.0.1:2700)
//   SHARDS_FEEDS        the number of feeds (10000)
//   SHARDS_EVERY_MS     the interval between two polls of a feed (5000)
//   SHARDS_HANDOVER_MS  how long a running poll may take when its feed moves to another worker (2000)
//   SHARDS_LOG          a file for the feeds that this worker acquires and polls, for check.mjs (none)
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from '@rankd/client';

const { RANKD_URL = 'rankd://127.0.0.1:2700', SHARDS_LOG } = process.env;
const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const count = number('SHARDS_FEEDS', 10_000);
const everyMs = number('SHARDS_EVERY_MS', 5000);
const handoverMs = number('SHARDS_HANDOVER_MS', 2000);

const log = SHARDS_LOG === undefined ? undefined : openSync(SHARDS_LOG, 'a');
const lines = [];

/** The feeds that this worker polls, with the right to each and the current poll. */
const feeds = new Map();

/** A real worker would fetch the feed here and store what is new. `signal` ends the poll when the feed is lost. */
async function poll(signal) {
  await sleep(5 + Math.random() * 20, undefined, { signal });
}

function pollAll() {
  for (const [feed, held] of feeds) {
    const at = process.hrtime.bigint();
    // Checks the clock: a worker that was stopped and continued must not poll again.
    if (held.signal.aborted) continue;
    write('poll', feed, held.fence, at);
    held.polling = poll(held.signal).catch(() => undefined);
  }
}

const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stopping.abort());

const me = await join(RANKD_URL, {
  group: 'shards',
  joinWithinMs: Number.POSITIVE_INFINITY,
  signal: stopping.signal,
  prepare: me =>
    me.partitions(
      count,
      {
        acquire: (feed, { signal, fence }) => {
          feeds.set(feed, { signal, fence, polling: undefined });
          write('acquire', feed, fence, process.hrtime.bigint());
        },
        release: async feed => {
          const { polling } = feeds.get(feed);
          feeds.delete(feed);
          // Another worker polls the feed only after this poll has ended.
          await polling;
        },
        lost: feed => feeds.delete(feed),
      },
      { handoverMs },
    ),
});
console.log(JSON.stringify({ event: 'joined', member: me.member }));

const polling = setInterval(pollAll, everyMs);
let told;
const telling = setInterval(() => {
  if (feeds.size === told) return;
  told = feeds.size;
  console.log(JSON.stringify({ event: 'holds', feeds: told }));
}, 100);
me.once('closed', () => {
  clearInterval(polling);
  clearInterval(telling);
});

/**
 * Writes a line with the machine's monotonic time, which all processes share. Lines of one round of the event loop are written
 * together.
 */
function write(event, feed, { view }, at) {
  if (SHARDS_LOG === undefined) return;
  if (lines.length === 0) setImmediate(() => writeSync(log, lines.splice(0).join('')));
  lines.push(`${event} ${feed} ${view} ${at}\n`);
}
