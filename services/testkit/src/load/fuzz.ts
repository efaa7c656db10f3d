/** The program behind scripts/fuzz. */

import { SeededRandom } from '../inputs/seeded-random.js';
import { type LaunchedServer, launchServer } from '../processes/launch-server.js';
import { readGauges } from '../processes/metrics.js';
import { Bystanders } from './bystanders.js';
import { findSlowFrame } from './frame-budget.js';
import { TOKENS } from './fuzz-corpus.js';
import { mutateSession } from './fuzz-mutations.js';
import { runFuzzSession } from './fuzz-session.js';

const AT_ONCE = 48;
/** One session in this many closes early. */
const EARLY_OF = 10;
const FRAME_BYTES_MAX = 8192;
/** The largest old heap of the server, MiB. If each session kept half a KiB, 100,000 sessions would not fit. */
const HEAP_MIB_MAX = 64;
/** How much the resident memory of the server may grow, MiB: the largest heap, and the sockets of the concurrent sessions. */
const GROWN_MIB_MAX = 96;
const IDLE_MS = 10_000;
const MIB = 1_048_576;
const GAUGES = {
  heapMib: { sample: 'nodejs_heap_size_used_bytes', unit: MIB },
  residentMib: { sample: 'process_resident_memory_bytes', unit: MIB },
  sessions: { sample: 'rankd_sessions', unit: 1 },
  descriptors: { sample: 'process_open_fds', unit: 1 },
} as const;
type Gauges = Record<keyof typeof GAUGES, number>;

/** Small limits, so that full groups, waitlists, away members and silence all occur. */
const ENV = {
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
  RANKD_FRAME_BYTES_MAX: String(FRAME_BYTES_MAX),
};

/** How much to fuzz. */
export interface FuzzOptions {
  /** The root directory of the checkout. */
  readonly repository: string;
  readonly seed: number;
  /** The index of the first session. */
  readonly first: number;
  readonly count: number;
}

interface FuzzRun extends FuzzOptions {
  readonly server: LaunchedServer;
  readonly bystanders: Bystanders;
  /** How often a session ended with each code. */
  readonly endings: Map<string, number>;
}

/**
 * Starts a built server and sends mutated sessions to it. Returns a summary.
 * @throws Error if a session ends without a bye that has a known code, if a frame takes too long to read, if the bystanders are
 *   disturbed, or if the server ends, keeps memory or keeps sessions
 */
export async function runFuzz(options: FuzzOptions): Promise<string> {
  const server = await launchServer(options.repository, ENV, { linesMax: 100 });
  const ended = server.childProcess.exited.then(({ code, signal }) => {
    throw new Error(`the server ended with ${signal ?? code}:\n${server.childProcess.output}`);
  });
  try {
    return await Promise.race([ended, fuzzServer(server, options)]);
  } finally {
    ended.catch(() => undefined);
    await server.childProcess.dispose();
  }
}

async function fuzzServer(server: LaunchedServer, options: FuzzOptions): Promise<string> {
  const { count, first, seed } = options;
  const run: FuzzRun = { ...options, server, bystanders: await Bystanders.join(server.port), endings: new Map() };
  const startedMs = performance.now();
  // The first quarter of the sessions warms the server up. Memory that it allocates in this time is not counted as growth.
  const warm = first + Math.floor(count / 4);
  await runSessions(run, first, warm);
  const before = await readGauges(server.httpPort, GAUGES);
  await runSessions(run, warm, first + count);
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await waitUntilIdle(server.httpPort);
  await run.bystanders.stop();
  const grownMib = after.residentMib - before.residentMib;
  if (grownMib > GROWN_MIB_MAX)
    throw new Error(`the memory of the server grew by ${grownMib.toFixed(1)} MiB, more than ${GROWN_MIB_MAX} MiB`);
  const endings = [...run.endings].sort(([, a], [, b]) => b - a).map(([code, times]) => `${code} ${times}`);
  return (
    `${count} sessions in ${seconds.toFixed(1)} s (seed ${seed}): ${endings.join(', ')}\n` +
    `${run.bystanders.commandsDone} commands of undisturbed members executed; ${grownMib.toFixed(1)} MiB more resident memory than after a quarter of the sessions, ` +
    `${after.heapMib.toFixed(1)} of ${HEAP_MIB_MAX} MiB of heap in use, ${after.descriptors} descriptors at the end`
  );
}

async function runSessions(run: FuzzRun, first: number, end: number): Promise<void> {
  let next = first;
  const work = async (): Promise<void> => {
    while (next < end) {
      const index = next;
      next += 1;
      const code = await runSession(run, index);
      run.endings.set(code, (run.endings.get(code) ?? 0) + 1);
      run.bystanders.check();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function runSession({ server: { port }, seed }: FuzzRun, index: number): Promise<string> {
  const random = new SeededRandom(Math.imul(seed, 0x9e3779b1) + index);
  const bytes = mutateSession(random);
  // So many connections from one address would use all of its ports. On Linux every address of 127/8 is loopback, so use many.
  const localAddress = process.platform === 'linux' ? `127.0.1.${1 + (index % 200)}` : undefined;
  const pieces = 1 + random.below(3);
  const ending = random.below(EARLY_OF) === 0 ? 'ends-early' : 'says-goodbye';
  try {
    const code = await runFuzzSession(bytes, { port, localAddress, pieces, ending });
    const slow = findSlowFrame(bytes, FRAME_BYTES_MAX);
    if (slow !== undefined) throw new Error(slow);
    return code;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const sent = JSON.stringify(bytes.toString('latin1'));
    throw new Error(`session ${index}: ${why}\n${sent}`, { cause: error });
  }
}

/** Waits until only the two bystanders have sessions, so that the server has released the memory of the others. */
async function waitUntilIdle(httpPort: number): Promise<Gauges> {
  const lateMs = performance.now() + IDLE_MS;
  for (;;) {
    const gauges = await readGauges(httpPort, GAUGES);
    if (gauges.sessions === 2) return gauges;
    if (performance.now() > lateMs) throw new Error(`${gauges.sessions} sessions are left, not 2`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}
