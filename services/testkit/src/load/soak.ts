/** The program behind scripts/soak. */

import { launchServer } from '../processes/launch-server.js';
import { readGauges } from '../processes/metrics.js';
import { ChurningMembers, type ChurnTotals } from './churning-members.js';
import { slopePerHour } from './trend.js';

const SAMPLE_MS = 5000;
const MIB = 1_048_576;
const GAUGES = {
  'resident MiB': { sample: 'process_resident_memory_bytes', unit: MIB },
  'heap used MiB': { sample: 'nodejs_heap_size_used_bytes', unit: MIB },
  'buffers MiB': { sample: 'nodejs_external_memory_bytes', unit: MIB },
  descriptors: { sample: 'process_open_fds', unit: 1 },
  timers: { sample: 'nodejs_active_resources{type="Timeout"}', unit: 1 },
} as const;
type GaugeName = keyof typeof GAUGES;

/** How long to run, and with how many members. */
export interface SoakOptions {
  /** The root directory of the checkout. */
  readonly repository: string;
  readonly minutes: number;
  readonly members: number;
  readonly churnPerSecond: number;
}

/** The result of a run. */
export interface SoakReport {
  readonly summary: string;
  /** How many members lost their sessions without asking to leave. */
  readonly lostCount: number;
}

interface Sample {
  readonly atMs: number;
  readonly gauges: Record<GaugeName, number>;
}

/** Starts a built server with members that join and leave. Returns how the server's resources change over time. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { repository, members, churnPerSecond, minutes } = options;
  const server = await launchServer(repository, { RANKD_MEMBERS_MAX: String(members + 100) }, { linesMax: 100 });
  try {
    const churning = new ChurningMembers(server.port, churnPerSecond);
    await churning.joinMany(members);
    churning.startChurn();
    const samples = await sampleGauges(server.httpPort, minutes * 60_000);
    const totals = churning.endAll();
    return { summary: summarize(options, totals, samples), lostCount: totals.lost.length };
  } finally {
    await server.childProcess.dispose();
  }
}

/** Takes samples after the first quarter of the time. In that quarter the server warms up, and its allocations show no trend. */
async function sampleGauges(httpPort: number, durationMs: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedMs = performance.now();
  while (performance.now() - startedMs < durationMs) {
    await new Promise(resolve => setTimeout(resolve, SAMPLE_MS));
    const atMs = performance.now() - startedMs;
    if (atMs >= durationMs / 4) samples.push({ atMs, gauges: await readGauges(httpPort, GAUGES) });
  }
  return samples;
}

function summarize({ members, minutes }: SoakOptions, totals: ChurnTotals, samples: readonly Sample[]): string {
  const { departures, deliveries, lost } = totals;
  const lines = [
    `${members} members for ${minutes} minutes: ${departures} left and were replaced, ${deliveries} deliveries, ${lost.length} lost`,
    ...lost.slice(0, 10).map(reason => `  lost: ${reason}`),
  ];
  for (const gauge of Object.keys(GAUGES) as GaugeName[]) {
    const points = samples.map(({ atMs, gauges }) => ({ atMs, value: gauges[gauge] }));
    const values = points.map(({ value }) => value);
    const range = `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
    const slope = slopePerHour(points).toFixed(1).padStart(8);
    lines.push(`${gauge.padEnd(14)} ${slope} per hour, ${range} in ${points.length} samples`);
  }
  return lines.join('\n');
}
