/** Reports for tests. */

import type { JudgedTarget } from '../../src/rows/metric-target.js';
import type { BenchReport, RowReport } from '../../src/report/report.js';

/** Returns a judged target for which more is better, with `got` from a single repeat. */
export function figureOf(got: number | string): JudgedTarget {
  const described = { what: 'vs nats', must: 4, goal: 8, better: 'more' } as const;
  if (typeof got === 'string') return { ...described, judgement: { kind: 'unmeasured', reason: got } };
  const verdict = got >= 8 ? 'goal' : got >= 4 ? 'must' : 'missed';
  return { ...described, judgement: { kind: 'measured', got: { median: got, least: got, most: got }, verdict } };
}

/** Returns the report of a row. */
export function rowOf(...figures: readonly JudgedTarget[]): RowReport {
  return {
    id: 'fan',
    work: 'fan-out <64 B> & more',
    figures,
    probes: [
      { key: 'rankd', samples: [{ deliveriesPerCoreSecond: 40e6 }, { deliveriesPerCoreSecond: 20e6 }], faults: [] },
      { key: 'nats', samples: [{ deliveriesPerCoreSecond: 10e6 }], faults: ['took longer than 10 s'] },
      { key: 'redis', samples: [], faults: ['redis-server is not installed'] },
    ],
  };
}

/** Returns the report of a run. */
export function reportOf(rows: readonly RowReport[], changes: Partial<BenchReport> = {}): BenchReport {
  return {
    at: '2026-01-01T00:00:00.000Z',
    quick: false,
    repeats: 2,
    seconds: 600,
    isPinned: true,
    loadFromNode: false,
    machine: {
      cpu: 'a CPU',
      cores: 2,
      memoryGib: 4,
      system: 'Linux 6 x64',
      node: 'v20.0.0',
      loadAverage: 0.5,
      commit: 'abc1234',
    },
    tools: [
      { name: 'gcc', version: 'gcc 14' },
      { name: 'etcd', version: undefined },
    ],
    rows,
    core: [{ members: 10, joins: 7000, replacements: 1e6, commands: 8e5, moves: 1e6 }],
    ...changes,
  };
}
