// One of two members. The leader writes to Redis. Arguments: name, group, URL of rankd, URL of Redis, `checked` or `unchecked`, and
// `pauses` for the member that is paused between its check of the clock and its write.
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
  // The member has checked that it leads. At this moment it is stopped, as by a long garbage collection or a moved virtual machine.
  if (pauses === 'pauses' && !signal.aborted) {
    console.log('I am paused');
    process.kill(process.pid, 'SIGSTOP');
    console.log(`I continue, my late write was ${await write(fence)}`);
  }
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
});
