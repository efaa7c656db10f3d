// One of two that want to lead and write to Redis what the leader has to say. Arguments: name, URL of rankd, URL of Redis,
// `checked` or `unchecked`, and `pauses` for the one that is paused between its look at the clock and its write.
import { join } from '@rankd/client';
import { Redis } from 'ioredis';

const [name, rankdUrl, redisUrl, guard, pauses] = process.argv.slice(2);

/** Redis looks at the token before it writes: who comes with an older one than it has seen is refused. */
const CHECKED = `
  local epoch, view = tonumber(ARGV[2]), tonumber(ARGV[3])
  local seen = redis.call('HMGET', KEYS[1], 'epoch', 'view')
  local seenEpoch, seenView = tonumber(seen[1] or '0'), tonumber(seen[2] or '0')
  if epoch < seenEpoch or (epoch == seenEpoch and view < seenView) then return 'refused' end
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'view', view)
  redis.call('RPUSH', KEYS[2], ARGV[1])
  return 'written'`;
const UNCHECKED = `redis.call('RPUSH', KEYS[2], ARGV[1]) return 'written'`;

const redis = new Redis(redisUrl);
const me = await join(rankdUrl, { name });

async function write(fence) {
  const script = guard === 'checked' ? CHECKED : UNCHECKED;
  return redis.eval(script, 2, 'fencing:token', 'fencing:log', name, fence.epoch, fence.view);
}

await me.lead(async (signal, fence) => {
  console.log(JSON.stringify({ event: 'leads', name, fence }));
  console.log(JSON.stringify({ event: await write(fence), name }));
  // It looks, it may: and in this very instant it is stopped, as by a long collection or a machine that is moved.
  if (pauses === 'pauses' && !signal.aborted) {
    console.log(JSON.stringify({ event: 'paused', name }));
    process.kill(process.pid, 'SIGSTOP');
    console.log(JSON.stringify({ event: await write(fence), name, late: true }));
  }
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
});
