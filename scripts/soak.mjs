// Holds 1,000 members under churn and reports what grows: see the usage below. Needs a build.
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Herd } from './lib/load/churning-members.mjs';
import { launchServer } from './lib/load/launch-server.mjs';
import { readGauges, slopePerHour } from './lib/load/trend.mjs';
import { complain } from './lib/terminal.mjs';

const usage = `Usage: scripts/soak [--minutes M] [--members N] [--churn PER_SECOND]

Starts a built coordinator of its own, holds N members (1000) for M minutes (20), of whom so many (10) a second go, by goodbye,
FIN and RST in turn, and are replaced, while the leader orders everyone once a second. Then it reports the slopes of the
server's memory, descriptors and timers, in the last three quarters of that time. Exits with 0 if nobody was lost who did not go.`;

const SAMPLE_MS = 5000;
const GAUGES = {
  'resident MiB': { metric: 'process_resident_memory_bytes', unit: 1_048_576 },
  'heap used MiB': { metric: 'nodejs_heap_size_used_bytes', unit: 1_048_576 },
  'buffers MiB': { metric: 'nodejs_external_memory_bytes', unit: 1_048_576 },
  descriptors: { metric: 'process_open_fds', unit: 1 },
  timers: { metric: 'nodejs_active_resources{type="Timeout"}', unit: 1 },
};

process.exitCode = await main();

async function main() {
  const options = {
    minutes: { type: 'string' },
    members: { type: 'string' },
    churn: { type: 'string' },
    help: { type: 'boolean' },
  };
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const wanted = [values.minutes ?? 20, values.members ?? 1000, values.churn ?? 10].map(Number);
  if (!wanted.every(value => value > 0)) {
    complain(`numbers over 0, please\n\n${usage}`);
    return 2;
  }
  return soak(...wanted);
}

async function soak(minutes, members, churnPerSecond) {
  const server = await launchServer({ RANKD_MEMBERS_MAX: String(members + 100) });
  try {
    const herd = new Herd(server.port, churnPerSecond);
    await herd.fill(members);
    const samples = await hold(herd, server.httpPort, minutes * 60_000);
    const { lost, departures, deliveries } = await herd.disperse();
    report({ minutes, members, departures, deliveries, lost, samples });
    return lost.length === 0 ? 0 : 1;
  } finally {
    server.child.kill('SIGKILL');
  }
}

/** A sample every so often, from when a quarter of the time has passed: what it takes to get warm is no slope. */
async function hold(herd, httpPort, durationMs) {
  const samples = [];
  const startedMs = performance.now();
  herd.churn();
  while (performance.now() - startedMs < durationMs) {
    await new Promise(resolve => setTimeout(resolve, SAMPLE_MS));
    const atMs = performance.now() - startedMs;
    if (atMs >= durationMs / 4) samples.push({ atMs, gauges: await readGauges(httpPort, GAUGES) });
  }
  return samples;
}

function report({ minutes, members, departures, deliveries, lost, samples }) {
  const lines = [
    `${members} members for ${minutes} minutes: ${departures} went and were replaced, ${deliveries} deliveries, ${lost.length} lost`,
    ...lost.slice(0, 10).map(reason => `  lost: ${reason}`),
  ];
  for (const gauge of Object.keys(GAUGES)) {
    const points = samples.map(({ atMs, gauges }) => ({ atMs, value: gauges[gauge] }));
    const values = points.map(({ value }) => value);
    const range = `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
    lines.push(
      `${gauge.padEnd(14)} ${slopePerHour(points).toFixed(1).padStart(8)} an hour, ${range} in ${points.length} samples`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
