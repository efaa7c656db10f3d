// Shows what a fencing token is for: a leader is paused at the worst moment, another leads and writes, the first goes on and
// writes too. Once without the check, once with it. Needs a build and a redis-server. Exits with 0 if all came as it should.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';

const QUICK = { RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '800', RANKD_DEAD_MS: '1200' };
const DEADLINE_MS = 20_000;
const here = path => fileURLToPath(new URL(path, import.meta.url));
const children = new Set();

/** A process and its lines; `until` waits for the first that fits, from the beginning on. */
function start(command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const lines = [];
  const waiting = new Set();
  createInterface({ input: child.stdout }).on('line', line => {
    lines.push(line);
    for (const look of waiting) look();
  });
  const until = (fits, what) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${what}: not within ${DEADLINE_MS} ms:\n${lines.join('\n')}`)),
        DEADLINE_MS,
      );
      const look = () => {
        const found = lines.find(fits);
        if (found === undefined) return;
        clearTimeout(late);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const event = async (name, fits = () => true) => {
    const isIt = line => line.startsWith('{') && JSON.parse(line).event === name && fits(JSON.parse(line));
    return JSON.parse(await until(isIt, name));
  };
  return { child, until, event };
}

async function freePort() {
  const server = createServer();
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Both write; what Redis has in the end, and what became of the late write. */
async function tell(guard, rankdUrl, redisUrl) {
  const leader = name => [here('leader.mjs'), name, rankdUrl, redisUrl, guard];
  const first = start(process.execPath, [...leader('first'), 'pauses']);
  await first.event('paused');
  const second = start(process.execPath, leader('second'));
  await second.event('leads');
  await second.event('written');
  first.child.kill('SIGCONT');
  const late = await Promise.race([
    first.event('written', ({ late }) => late === true),
    first.event('refused', ({ late }) => late === true),
  ]);
  const redis = new Redis(redisUrl);
  const log = await redis.lrange('fencing:log', 0, -1);
  await redis.flushall();
  redis.disconnect();
  for (const { child } of [first, second]) {
    child.kill('SIGKILL');
    await new Promise(resolve => child.once('close', resolve));
  }
  console.log(`${guard}: ${log.join(', ')}; the late write of the first was ${late.event}`);
  return log.join();
}

async function main(directory) {
  const port = await freePort();
  const redis = start('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
  ]);
  await redis.until(line => line.includes('Ready to accept connections'), 'Redis');
  const env = { ...QUICK, RANKD_PORT: '0', RANKD_HTTP_PORT: '0', LOG_FORMAT: 'json', LOG_LEVEL: 'info' };
  const server = start(process.execPath, [here('../../services/server/dist/main.js')], env);
  const rankdUrl = `rankd://127.0.0.1:${(await server.event('listening')).port}`;
  const redisUrl = `redis://127.0.0.1:${port}`;
  const unchecked = await tell('unchecked', rankdUrl, redisUrl);
  const checked = await tell('checked', rankdUrl, redisUrl);
  return unchecked === 'first,second,first' && checked === 'first,second' ? 0 : 1;
}

const directory = await mkdtemp(join(tmpdir(), 'rankd-fencing-'));
try {
  process.exitCode = await main(directory);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
}
process.exit();
