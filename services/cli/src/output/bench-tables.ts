/** The tables of `rankctl bench`. */

import { documentedDefaults, median, numberText, type TargetReport } from '@rankd/bench';
import { printable } from '@rankd/protocol';
import type { Screen } from '../terminal/terminal.js';
import { textTable, type Cell } from './text-table.js';

type RowReport = TargetReport['rows'][number];

/** Returns what was measured, and the documented defaults of other systems. */
export function benchTables(report: TargetReport, screen: Screen): string[] {
  const { machine, where, repeats, seconds, quick, rows } = report;
  const how = `${where} · ${machine.cpu}, ${machine.cores} cores · Node ${machine.node} · ${repeats === 1 ? 'once' : `median of ${repeats}`} · ${seconds} s`;
  const measured = rows.map(row => measuredRow(row));
  return [
    `${screen.paint('bold', 'rankd')} · ${printable(how)}`,
    ...textTable(['WORK', 'GOT', ''], measured, screen),
    'The server and the load share this machine, and one Node process makes the load. A server alone can do more.',
    ...(quick ? ['A quick run shows only that the measurement works. Its numbers mean nothing.'] : []),
    '',
    screen.paint('bold', 'Time from the loss of a leader until the next member leads'),
    ...textTable(['SYSTEM', 'AFTER', 'MEANING', 'SOURCE'], failoverRows(report), screen),
  ];
}

function measuredRow(row: RowReport): (string | Cell)[] {
  const [faults] = row.probes.map(probe => probe.faults);
  const text = resultOf(row);
  if (text === undefined) return [row.work, { text: 'not measured', style: 'yellow' }, (faults ?? []).join('; ')];
  return [row.work, { text: text.got, style: 'green' }, text.more];
}

function resultOf(row: RowReport): { readonly got: string; readonly more: string } | undefined {
  switch (row.id) {
    case 'storm':
      return told(medianOf(row, 'joinsPerSecond'), value => [`${numberText(Math.round(value))} joins/s`, '']);
    case 'trip':
    case 'elect':
      return told(medianOf(row, 'p50Us'), value => [
        microseconds(value),
        `p99 ${microseconds(medianOf(row, 'p99Us') ?? value)}`,
      ]);
    case 'fan':
      return told(medianOf(row, 'deliveriesPerSecond'), value => [
        `${numberText(Math.round(value))} deliveries/s`,
        'none lost',
      ]);
    case 'silence':
      return told(medianOf(row, 'silentMs'), value => [
        milliseconds(value),
        `RANKD_DEAD_MS is ${medianOf(row, 'deadMs') ?? 0}`,
      ]);
    default:
      return undefined;
  }
}

function told(
  value: number | undefined,
  tell: (value: number) => [string, string],
): { got: string; more: string } | undefined {
  if (value === undefined) return undefined;
  const [got, more] = tell(value);
  return { got, more };
}

/** Returns the median of the repeats. Undefined if none succeeded. */
function medianOf({ probes }: RowReport, name: string): number | undefined {
  const values = probes.flatMap(({ samples }) => samples.map(sample => sample[name] ?? Number.NaN));
  return values.length === 0 ? undefined : median(values);
}

function failoverRows({ rows }: TargetReport): (string | Cell)[][] {
  const [closed, silent] = [
    ['elect', 'p50Us', 'measured here: the process of the leader dies, and its connection closes'],
    ['silence', 'silentMs', 'measured here: the host of the leader dies, and the connection stays silent'],
  ].map(([id, name = '', what = '']) => {
    const row = rows.find(each => each.id === id);
    const value = row === undefined ? undefined : medianOf(row, name);
    const text = value === undefined ? '-' : id === 'elect' ? microseconds(value) : milliseconds(value);
    return [{ text: 'rankd', style: 'bold' as const }, { text, style: 'green' as const }, what, ''];
  });
  const others = documentedDefaults.map(({ system, seconds, what, source }) => [
    system,
    `${seconds} s`,
    `documented default: ${what}`,
    source,
  ]);
  return [closed ?? [], silent ?? [], ...others];
}

function microseconds(us: number): string {
  return us < 1000 ? `${numberText(Math.round(us))} µs` : milliseconds(us / 1000);
}

function milliseconds(ms: number): string {
  return ms < 1000 ? `${numberText(ms)} ms` : `${numberText(ms / 1000)} s`;
}
