import { describe, expect, it } from '@jest/globals';
import { documentedDefaults, type TargetReport } from '@rankd/bench';
import { benchTables } from '../../src/output/bench-tables.js';
import { unpainted } from '../../src/terminal/terminal.js';

const screen = { paint: unpainted, columns: Number.POSITIVE_INFINITY };
const row = (
  id: TargetReport['rows'][number]['id'],
  ...samples: Record<string, number>[]
): TargetReport['rows'][number] => ({
  id,
  work: `work of ${id}`,
  figures: [],
  probes: [{ key: 'rankd', samples, faults: samples.length === 0 ? ['no promotion within 5 ms'] : [] }],
});
const report: TargetReport = {
  at: '2026-11-23T10:00:00.000Z',
  quick: false,
  repeats: 3,
  seconds: 20,
  where: 'here',
  members: 100,
  deadMs: 6000,
  machine: { cpu: 'CPU', cores: 2, memoryGib: 8, system: 'Linux', node: 'v24.0.0', loadAverage: 0, commit: undefined },
  rows: [
    row('storm', { joinsPerSecond: 1234.4 }),
    row('elect', { p50Us: 400, p99Us: 900 }, { p50Us: 300, p99Us: 2000 }, { p50Us: 500, p99Us: 800 }),
    row('silence'),
  ],
};

describe('the tables of a benchmark', () => {
  const text = benchTables(report, screen).join('\n');

  it('have the median of the repeats, and the reason of a row that was not measured', () => {
    expect(text).toMatch(/^work of storm +1,234 joins\/s$/m);
    expect(text).toMatch(/^work of elect +400 µs +p99 900 µs$/m);
    expect(text).toMatch(/^work of silence +not measured +no promotion within 5 ms$/m);
  });

  it('have the documented default of every peer, with its source', () => {
    expect(documentedDefaults.map(({ system }) => system)).toEqual([
      'etcd',
      'ZooKeeper with Curator',
      'Consul',
      'Kubernetes leases',
    ]);
    expect(text).toMatch(/^rankd +400 µs +measured here: the process of the leader dies/m);
    for (const { system, seconds, source } of documentedDefaults) {
      expect(source).toMatch(/^https:\/\//);
      expect(text).toMatch(
        new RegExp(`^${system} +${seconds} s +documented default: .* ${source.replaceAll('.', '\\.')}$`, 'm'),
      );
    }
  });
});
