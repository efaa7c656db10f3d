import { describe, expect, it } from '@jest/globals';
import { numberText } from '../../src/report/number-text.js';
import { renderPage } from '../../src/report/report-page.js';
import { renderTable } from '../../src/report/result-table.js';
import { progressBar } from '../../src/report/terminal-reporter.js';
import { figureOf, reportOf, rowOf } from './reports.js';

describe('the table', () => {
  const rows = [rowOf(figureOf(9), figureOf(2), figureOf('nats-server is not installed'))];

  it('has must, goal, the result and the verdict', () => {
    const [, first, second, third] = renderTable(rows, { quick: false }).split('\n');
    expect(first).toMatch(/vs nats +≥ 4 +≥ 8 +9 +goal$/);
    expect(second).toMatch(/^ +vs nats .* 2 +missed$/);
    expect(third).toMatch(/- +not measured: nats-server is not installed$/);
  });

  it('has no verdict for a quick run', () => {
    expect(renderTable(rows, { quick: true })).not.toMatch(/goal$|missed$/m);
  });
});

describe('the page', () => {
  const page = (changes = {}): string => renderPage(reportOf([rowOf(figureOf(9))], changes));

  it('has the machine, the servers and the method', () => {
    expect(page()).toContain('a CPU, 2 cores, 4 GiB');
    expect(page()).toContain('commit abc1234, 2 repeats');
    expect(page()).toContain('- etcd: not installed');
  });

  it('has the medians of all numbers, and the failures', () => {
    expect(page()).toContain('- rankd: deliveriesPerCoreSecond 30,000,000');
    expect(page()).toContain('- redis: not measured: redis-server is not installed');
  });

  it('says that the load was the bottleneck', () => {
    expect(page()).not.toContain('bottleneck');
    expect(page({ loadFromNode: true })).toContain('this load was the bottleneck');
  });
});

it.each([
  [0, '0'],
  [2, '2'],
  [0.7321, '0.732'],
  [7.3219, '7.32'],
  [73.219, '73.2'],
  [2705.4, '2,705'],
  [0.02713, '0.027'],
])('%d is printed as %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});

it('the bar shows the progress', () => {
  expect(progressBar(0, 2)).toBe(`[${'-'.repeat(24)}] 0/2`);
  expect(progressBar(1, 2)).toBe(`[${'#'.repeat(12)}${'-'.repeat(12)}] 1/2`);
  expect(progressBar(0, 0)).toContain('0/0');
});
