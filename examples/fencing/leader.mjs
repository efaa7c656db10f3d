// One of two that want to lead and write to Redis what the leader has to say. Arguments: name, group, URL of rankd, URL of Redis,
// `checked` or `unchecked`, and `pauses` for the one that is paused between its look at the clock and its write.
import process from 'node:process';
import { join } from '@rankd/client';
import { Redis } from 'ioredis';
import { fenced } from './fenced.mjs';

const [name, group, rankdUrl, redisUrl, guard, pauses] = process.argv.slice(2);

const WRITE = `redis.call('RPUSH', KEYS[2], ARGV[3]) return 'written'`;

const redis = new Redis(redisUrl);
const me = await join(rankdUrl, { name, group });

async function write(fence) {
  const script = guard === 'checked' ? fenced(WRITE) : WRITE;
  return redis.eval(script, 2, '{fencing}:token', '{fencing}:log', fence.epoch, fence.view, name);
}

await me.lead(async (signal, fence) => {
  console.log(`I lead, my write was ${await write(fence)}`);
  // It looks, it may: and in this very instant it is stopped, as by a long collection or a machine that is moved.
  if (pauses === 'pauses' && !signal.aborted) {
    console.log('I am paused');
    process.kill(process.pid, 'SIGSTOP');
    console.log(`I go on, my late write was ${await write(fence)}`);
  }
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
});
