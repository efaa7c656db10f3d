// Sends mutated sessions at a coordinator in a process of its own: see the usage below. Needs a build.
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { TOKENS } from './lib/load/fuzz-corpus.mjs';
import { overBudget } from './lib/load/frame-budget.mjs';
import { fuzzSession } from './lib/load/fuzz-session.mjs';
import { launchServer } from './lib/load/launch-server.mjs';
import { mutate, seededRandom } from './lib/load/fuzz-mutations.mjs';
import { readGauges } from './lib/load/trend.mjs';
import { complain } from './lib/terminal.mjs';
import { Undisturbed } from './lib/load/bystanders.mjs';

const usage = `Usage: scripts/fuzz [--sessions N] [--seed S] [--only INDEX]

Sends N sessions (100000) to a built coordinator of its own: recorded ones with bits flipped, parts cut out, spliced in from
others, doubled, the end missing, or something nasty put in between; a quarter of them with fields far too long. Each has to end
with a coded bye, each of its frames has to be read within its budget of processor time, two members have to go on undisturbed
meanwhile, and the server must not fail, nor keep anything of it. --seed repeats a run, --only one session of it.`;

const AT_ONCE = 48;
const RUDE_OF = 10;
/** The server's whole old heap. 100,000 sessions that left half a KiB each would not fit. */
const HEAP_MIB_MAX = 64;
/** How much more it may have resident: what such a heap, and the sockets of so many at once, may come to. */
const GROWN_MIB_MAX = 96;
const QUIET_MS = 10_000;
const GAUGES = {
  heapMib: { metric: 'nodejs_heap_size_used_bytes', unit: 1_048_576 },
  residentMib: { metric: 'process_resident_memory_bytes', unit: 1_048_576 },
  sessions: { metric: 'rankd_sessions', unit: 1 },
  descriptors: { metric: 'process_open_fds', unit: 1 },
};
/** Small, so that full groups, waiting, away members and silence all happen. */
const SETTINGS = {
  NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB_MAX}`,
  RANKD_TOKEN: TOKENS.token,
  RANKD_ADMIN_TOKEN: TOKENS.admin,
  RANKD_MEMBERS_MAX: '8',
  RANKD_WAITLIST_MAX: '4',
  RANKD_GROUPS_MAX: '16',
  RANKD_OBSERVERS_MAX: '8',
  RANKD_GRACE_MS: '20',
  RANKD_GRACE_LEADER_MS: '20',
  RANKD_HELLO_TIMEOUT_MS: '1000',
  RANKD_FRAME_BYTES_MAX: '8192',
};

process.exitCode = await main();

async function main() {
  const { values } = parseArgs({
    options: {
      sessions: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const [count, seed, only] = [values.sessions, values.seed, values.only ?? 0].map(Number);
  if (!(count > 0 && Number.isInteger(seed) && Number.isInteger(only))) {
    complain(`whole numbers, please\n\n${usage}`);
    return 2;
  }
  return await fuzz({ count: values.only === undefined ? count : 1, seed, first: only });
}

async function fuzz({ count, seed, first }) {
  const server = await launchServer(SETTINGS);
  const died = new Promise((_, reject) =>
    server.child.once('exit', code => reject(new Error(`it ended with ${code}`))),
  );
  try {
    const figures = await Promise.race([died, run(server, { count, seed, first })]);
    report(figures, seed);
    return 0;
  } catch (error) {
    complain(`seed ${seed}: ${error.message}`);
    return 1;
  } finally {
    server.child.removeAllListeners('exit');
    server.child.kill('SIGKILL');
  }
}

async function run(server, { count, seed, first }) {
  const inside = await Undisturbed.join(server.port);
  const startedMs = performance.now();
  const codes = new Map();
  // What it takes to get warm is no growth.
  const warm = Math.floor(count / 4);
  await many(server, inside, codes, { seed, first, end: first + warm });
  const before = await readGauges(server.httpPort, GAUGES);
  await many(server, inside, codes, { seed, first: first + warm, end: first + count });
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await quiet(server.httpPort);
  await inside.stop();
  const grownMib = after.residentMib - before.residentMib;
  if (grownMib > GROWN_MIB_MAX) throw new Error(`it grew by ${grownMib.toFixed(1)} MiB`);
  return { count, seconds, codes, grownMib, after, commands: inside.done };
}

async function many(server, inside, codes, { seed, first, end }) {
  let next = first;
  const work = async () => {
    while (next < end) {
      const index = next++;
      const code = await one(server.port, seed, index);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      inside.check();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function one(port, seed, index) {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) + index);
  const bytes = mutate(random);
  // On Linux all of 127/8 is loopback: so many connections would else run out of ports.
  const from = process.platform === 'linux' ? { localAddress: `127.0.1.${1 + (index % 200)}` } : {};
  try {
    const code = await fuzzSession(port, from, bytes, { pieces: 1 + random(3), isRude: random(RUDE_OF) === 0 });
    const slow = overBudget(bytes, Number(SETTINGS.RANKD_FRAME_BYTES_MAX));
    if (slow !== undefined) throw new Error(slow);
    return code;
  } catch (error) {
    throw new Error(`session ${index}: ${error.message}\n${JSON.stringify(bytes.toString('latin1'))}`, {
      cause: error,
    });
  }
}

/** Nobody is left but the two: whatever a session held has been given back. */
async function quiet(httpPort) {
  const until = performance.now() + QUIET_MS;
  for (;;) {
    const gauges = await readGauges(httpPort, GAUGES);
    if (gauges.sessions === 2) return gauges;
    if (performance.now() > until) throw new Error(`${gauges.sessions} sessions are left, not 2`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

function report({ count, seconds, codes, grownMib, after, commands }, seed) {
  const ends = [...codes].sort(([, a], [, b]) => b - a).map(([code, times]) => `${code} ${times}`);
  process.stdout.write(
    `${count} sessions in ${seconds.toFixed(1)} s (seed ${seed}): ${ends.join(', ')}\n` +
      `${commands} commands inside undisturbed; ${grownMib.toFixed(1)} MiB more resident than after a quarter of it, ${after.heapMib.toFixed(1)} of ${HEAP_MIB_MAX} MiB of heap in use, ${after.descriptors} descriptors at the end\n`,
  );
}
