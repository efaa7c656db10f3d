import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, within } from '@rankd/testkit';
import type { ClusterReport } from '../../src/cluster/cluster-bench.js';
import type { BenchReport } from '../../src/report/report.js';
import { rowIds } from '../../src/rows/row.js';

/** The deadline of a test, ms. It ends only a test that hangs: these tests check no speed. */
const deadlineMs = 110_000;
jest.setTimeout(deadlineMs + 10_000);

let directory: string;
let running: ChildProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rankd-bench-test-'));
});

afterEach(() => {
  if (isGroupAlive()) process.kill(-(running?.pid ?? NaN), 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the built engine in a process group of its own, which everything that it starts belongs to. */
function start(
  args: readonly string[],
  path = process.env['PATH'] ?? '',
): { ended: Promise<Ended>; child: ChildProcess } {
  const main = resolve(__dirname, '../../dist/main.js');
  const env = { ...process.env, PATH: path, TMPDIR: directory };
  const child = spawn(process.execPath, [main, ...args], { env, detached: true });
  running = child;
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = new Promise<number | null>(resolve => child.once('close', resolve));
  return { child, ended: within(deadlineMs, 'the benchmark to end', code).then(code => ({ code, stdout, stderr })) };
}

function isGroupAlive(): boolean {
  try {
    return running?.pid !== undefined && process.kill(-running.pid, 0);
  } catch {
    return false;
  }
}

/** Resolves when the whole process group has ended. Killed processes end a moment later. */
async function nothingRuns(): Promise<void> {
  await eventually(5000, 'the end of everything it started', () => (isGroupAlive() ? undefined : true));
}

const readReport = (file: string): BenchReport => JSON.parse(readFileSync(file, 'utf8')) as BenchReport;

/** The accepted reasons for a missing row. All other rows must be measured. */
const excuse = /^([a-z-]+ is not installed|needs gcc|the run had no time left)$/;

describe('a quick run', () => {
  // One row of each kind. The others differ only in their sizes.
  const kinds: readonly string[] = ['fan', 'trip', 'senders', 'churn', 'elect', 'storm', 'roster'];

  it('measures every row whose tools are installed, and leaves no process', async () => {
    const out = join(directory, 'report.json');
    const { code, stdout, stderr } = await start(['--quick', '--rows', kinds.join(','), '--out', out]).ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('measured fan')]);
    await nothingRuns();
    const { rows } = readReport(out);
    expect(rows.map(({ id }) => id)).toEqual(rowIds.filter(id => kinds.includes(id)));
    for (const { id, probes, figures } of rows) {
      for (const { key, samples, faults } of probes) {
        for (const fault of faults) expect([id, key, fault]).toEqual([id, key, expect.stringMatching(excuse)]);
        expect([id, key, samples.length + faults.length]).toEqual([id, key, 1]);
        for (const { lost = 0 } of samples) expect([id, key, lost]).toEqual([id, key, 0]);
      }
      const isWhole = probes.every(({ samples }) => samples.length > 0);
      for (const { what, judgement } of figures) {
        if (isWhole) expect([id, what, judgement.kind]).toEqual([id, what, 'measured']);
      }
      expect(stdout).toContain(figures[0]?.what);
    }
    expect(rows[0]?.probes[0]).toMatchObject({ key: 'rankd', samples: [expect.anything()] });
    expect(readdirSync(directory)).toEqual(['report.json']);
  });
});

describe('a quick run with --node', () => {
  /** A Node with another version, which records the programs that it runs. */
  function otherNode(): { path: string; ran: () => string } {
    const path = join(directory, 'other-node');
    const log = join(directory, 'ran.log');
    const script = `#!/bin/sh\n[ "$1" = --version ] && echo v99.1.2 && exit\necho "$1" >> ${log}\nexec ${process.execPath} "$@"\n`;
    writeFileSync(path, script, { mode: 0o755 });
    return { path, ran: () => readFileSync(log, 'utf8') };
  }

  it('runs the server and the limit in Node with that binary, and reports its version', async () => {
    const out = join(directory, 'report.json');
    const { path, ran } = otherNode();
    const { code, stderr } = await start(['--quick', '--rows', 'trip', '--node', path, '--out', out]).ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('measured trip')]);
    await nothingRuns();
    expect(readReport(out).machine.node).toBe('v99.1.2');
    expect(ran()).toContain('services/server/dist/main.js');
    expect(ran()).toContain('services/bench/dist/node-load/node-limit.js');
  });

  it.each([
    ['/nowhere/node', /--node \/nowhere\/node does not start: /],
    ['/bin/echo', /--node \/bin\/echo is not a Node binary: its --version printed "/],
  ])('rejects %s before it measures', async (path, complaint) => {
    const { code, stderr } = await start(['--quick', '--rows', 'fan', '--node', path]).ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(complaint)]);
    await nothingRuns();
  });
});

describe('a quick run of a cluster', () => {
  it('prints a table with numbers, and leaves no process', async () => {
    const out = join(directory, 'report.json');
    const { code, stdout, stderr } = await start(['--quick', '--cluster', '--out', out]).ended;
    expect([code, stderr]).toEqual([0, '']);
    await nothingRuns();
    const { rows } = JSON.parse(readFileSync(out, 'utf8')) as ClusterReport;
    expect(rows.map(({ servers, groups, inFlight }) => [servers, groups, inFlight])).toEqual([
      ...[0, 3].flatMap(servers => [1, 64].map(inFlight => [servers, 1, inFlight])),
      ...[1, 10].map(groups => [3, groups, 256]),
    ]);
    for (const { servers, samples } of rows) {
      const [sample] = samples;
      expect(Object.values(sample ?? {}).every(Number.isFinite)).toBe(true);
      expect([servers, sample?.redisUsPerEntry === 0]).toEqual([servers, servers === 0]);
    }
    expect(stdout).toContain('| a cluster of 3 servers | 10 |');
    expect(readdirSync(directory)).toEqual(['report.json']);
  });
});

describe('Ctrl-C', () => {
  it('ends everything at once, with exit code 130', async () => {
    const { child, ended } = start(['--quick', '--rows', 'fan,fan-one']);
    let said = '';
    child.stderr?.on('data', (text: string) => (said += text));
    await eventually(30_000, 'a first row', () => (said.includes('measured fan') ? true : undefined));
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    await nothingRuns();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('without a C compiler', () => {
  it('measures fan-outs from Node, and reports that this is the bottleneck', async () => {
    const path = join(directory, 'bin');
    const out = join(directory, 'report.json');
    const redis = spawnSync('which', ['redis-server'], { encoding: 'utf8' }).stdout.trim();
    spawnSync('mkdir', [path]);
    symlinkSync(redis, join(path, 'redis-server'));
    const { code, stderr } = await start(['--quick', '--rows', 'fan,trip', '--out', out], path).ended;
    expect(code).toBe(0);
    expect(stderr).toContain('the bottleneck');
    expect(stderr).toContain('apt-get install gcc');
    await nothingRuns();
    const { rows, loadFromNode } = readReport(out);
    expect(loadFromNode).toBe(true);
    const [fan, trip] = rows;
    const measured = fan?.probes.filter(({ samples }) => samples.length > 0).map(({ key }) => key);
    expect(measured).toEqual(expect.arrayContaining(['rankd', 'redis']));
    expect(trip?.probes[0]?.faults).toEqual(['needs gcc']);
  });
});

describe('invalid arguments', () => {
  it('exit with 2 and print the usage', async () => {
    const { code, stderr } = await start(['--rows', 'walk']).ended;
    expect(code).toBe(2);
    expect(stderr).toContain('no such row: walk');
    expect(stderr).toContain('Usage: scripts/bench');
  });
});
