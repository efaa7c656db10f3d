// Shows what a fencing token is for. A leader is paused at the worst moment, another leads and writes, then the first continues and
// writes too. It runs once without the check of the token, and once with it. Needs a build and a redis-server. Exits with 0 if both
// runs end as expected.
import process from 'node:process';
import { Redis } from 'ioredis';
import { runExample } from '../run-example.mjs';

/** Short times, so that a stopped leader is replaced sooner than by default. */
const QUICK = { RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '800', RANKD_DEAD_MS: '1200' };

/** Both members write. Resolves with the final content of Redis. */
async function write(example, guard, rankdUrl, redisUrl) {
  const group = `fencing-${process.pid}-${guard}`;
  const leader = (name, ...more) =>
    example.program(name, import.meta.url, 'leader.mjs', name, group, rankdUrl, redisUrl, guard, ...more);
  const redis = new Redis(redisUrl);
  await redis.del('{fencing}:token', '{fencing}:log');
  const first = leader('first', 'pauses');
  await first.says(/I am paused/);
  const second = leader('second');
  await second.says(/my write was written/);
  first.kill('SIGCONT');
  const [, late] = await first.says(/my late write was (\w+)/);
  const log = await redis.lrange('{fencing}:log', 0, -1);
  redis.disconnect();
  example.say(`${guard}: ${log.join(', ')}; the late write of the first was ${late}`);
  return log.join();
}

await runExample(async example => {
  const [redisUrl, rankdUrl] = [await example.redis(), await example.rankd(QUICK)];
  const unchecked = await write(example, 'unchecked', rankdUrl, redisUrl);
  const checked = await write(example, 'checked', rankdUrl, redisUrl);
  return unchecked === 'first,second,first' && checked === 'first,second' ? 0 : 1;
});
