// Divides 10 000 feeds among 8 workers, scales them down and up, kills one, and checks that each feed was polled by one worker at a
// time. Needs a build. Exits with 0 if it was.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { check } from './check.mjs';

const FEEDS = 10_000;
const QUICK = { RANKD_HEARTBEAT_MS: '500', RANKD_SUSPEND_MS: '2500', RANKD_DEAD_MS: '3500' };
const DEADLINE_MS = 60_000;
const here = path => fileURLToPath(new URL(path, import.meta.url));
const children = new Set();

function start(script, env, onEvent) {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const gone = new Promise(resolve => child.once('close', resolve));
  createInterface({ input: child.stdout }).on('line', line => {
    if (line.startsWith('{')) onEvent(JSON.parse(line));
  });
  return { child, gone };
}

async function startServer() {
  const env = { ...QUICK, RANKD_PORT: '0', RANKD_HTTP_PORT: '0', LOG_FORMAT: 'json', LOG_LEVEL: 'info' };
  const port = await new Promise((resolve, reject) => {
    const { gone } = start(here('../../services/server/dist/main.js'), env, ({ event, port }) => {
      if (event === 'listening') resolve(port);
    });
    void gone.then(() => reject(new Error('the server ended')));
  });
  return `rankd://127.0.0.1:${port}`;
}

/** The workers, and the number of feeds that each reports. */
class Fleet {
  running = [];
  all = [];
  #url;
  #directory;

  constructor(url, directory) {
    this.#url = url;
    this.#directory = directory;
  }

  async scale(size) {
    while (this.running.length < size) this.#add();
    const leavers = this.running.splice(size);
    for (const { process } of leavers) process.child.kill('SIGTERM');
    await Promise.all(leavers.map(({ process }) => process.gone));
  }

  async kill() {
    const { process } = this.running.shift();
    process.child.kill('SIGKILL');
    await process.gone;
  }

  /** Resolves when every feed is owned by one worker: with the smallest and the largest share. */
  async divided() {
    const lateAt = Date.now() + DEADLINE_MS;
    for (;;) {
      const shares = this.running.map(({ feeds }) => feeds);
      const held = shares.reduce((sum, feeds) => sum + feeds, 0);
      if (held === FEEDS && !shares.includes(0)) {
        const [least, most] = [Math.min(...shares), Math.max(...shares)];
        return { workers: shares.length, least, most };
      }
      if (Date.now() > lateAt) throw new Error(`${held} feeds held after ${DEADLINE_MS} ms: ${shares.join(', ')}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  async logs() {
    const read = async ({ name, file }) => [name, await readFile(file, 'utf8')];
    return new Map(await Promise.all(this.all.map(read)));
  }

  #add() {
    const name = `worker-${this.all.length + 1}`;
    const worker = { name, feeds: 0, file: join(this.#directory, name) };
    const env = {
      RANKD_URL: this.#url,
      SHARDS_FEEDS: String(FEEDS),
      SHARDS_EVERY_MS: '1000',
      SHARDS_HANDOVER_MS: '500',
      SHARDS_LOG: worker.file,
    };
    worker.process = start(here('worker.mjs'), env, ({ event, feeds }) => {
      if (event === 'holds') worker.feeds = feeds;
    });
    this.all.push(worker);
    this.running.push(worker);
  }
}

async function main(directory) {
  const fleet = new Fleet(await startServer(), directory);
  const settle = async what => {
    const { workers, least, most } = await fleet.divided();
    console.log(`${what}: ${workers} workers hold ${FEEDS} feeds, ${least} to ${most} each`);
  };
  await fleet.scale(8);
  await settle('started');
  await fleet.scale(3);
  await settle('scaled down');
  await fleet.scale(6);
  await settle('scaled up');
  await fleet.kill();
  await settle('one killed');
  await fleet.scale(0);

  const { faults, polls, feeds } = check(await fleet.logs());
  for (const fault of faults.slice(0, 20)) console.log(fault);
  console.log(
    `${polls > FEEDS ? 'enough polls' : `only ${polls} polls`} of ${feeds} feeds; feeds with two workers at a time: ${faults.length}`,
  );
  return faults.length === 0 && feeds === FEEDS && polls > FEEDS ? 0 : 1;
}

const directory = await mkdtemp(join(tmpdir(), 'rankd-shards-'));
try {
  process.exitCode = await main(directory);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
}
process.exit();
