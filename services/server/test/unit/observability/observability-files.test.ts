import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { parse } from 'yaml';
import { describeMetrics } from '../../../src/observability/metrics/metric-descriptions.js';
import { faultsOfNames, type KnownMetrics, scrapedNames, selectorsIn } from './promql-names.js';

/** Every name in the dashboard, the rules and their documentation exists. */

const docs = resolve(repository, 'docs');
const read = (path: string): string => readFileSync(resolve(docs, path), 'utf8');

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly panels: readonly Panel[];
}

const { groups } = parse(read('prometheus/rules.yml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap(group => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const dashboard = JSON.parse(read('grafana/rankd.json')) as Dashboard;
const exprs = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** A recording rule's labels are the words before its first colon. */
function knownMetrics(): KnownMetrics {
  const recorded = rules.flatMap(({ record }): [string, ReadonlySet<string>][] =>
    record === undefined ? [] : [[record, new Set(record.split(':', 1)[0]?.split('_'))]],
  );
  return new Map([
    ...scrapedNames(describeMetrics()),
    ...recorded,
    ['up', new Set(['job', 'instance'])],
    ['ALERTS', new Set(['alertname', 'alertstate', 'severity', 'group', 'instance', 'job'])],
  ]);
}

const known = knownMetrics();

describe('the search for names in PromQL', () => {
  it('finds metrics and their labels, and nothing else', () => {
    const expression = `histogram_quantile(0.99, sum by (le, job) (rate(a_bucket{code="b{c",x=~'d'}[5m]))) / on (e) group_left (f)
      max(g:h:i) > bool 1e3 or k offset 5m unless absent(l{m!="$instance"} == 1) * -Inf`;
    expect(selectorsIn(expression)).toEqual([
      { metric: 'a_bucket', labels: ['code', 'x'] },
      { metric: 'g:h:i', labels: [] },
      { metric: 'k', labels: [] },
      { metric: 'l', labels: ['m'] },
    ]);
  });

  it.each([
    ['rankd_member', 'no such metric: rankd_member'],
    ['sum by (group) (rankd_leaders{group="a"}) > 0', 'no such metric: rankd_leaders'],
    ['rate(rankd_command_duration_seconds[5m])', 'no such metric: rankd_command_duration_seconds'],
    ['rate(rankd_members_bucket[5m])', 'no such metric: rankd_members_bucket'],
    ['rankd_members{member="m1"}', 'rankd_members has no label member'],
    ['rankd_members_max{le="1"}', 'rankd_members_max has no label le'],
  ])('reports what is wrong with %s', (expression, fault) => {
    expect(faultsOfNames(expression, known)).toEqual([fault]);
  });
});

describe('docs/prometheus/rules.yml', () => {
  it.each(rules.map(({ record, alert, expr }) => [record ?? alert, expr]))('%s uses known names', (_, expr = '') => {
    expect(selectorsIn(expr).length).toBeGreaterThan(0);
    expect(faultsOfNames(expr, known)).toEqual([]);
  });

  it('names only settings and metrics that exist in its texts', () => {
    const words = alerts.flatMap(({ annotations = {} }) => Object.values(annotations)).join('\n');
    const named = [...words.matchAll(/\brankd_[a-z_]+[a-z]/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(name => !known.has(name))).toEqual([]);
  });

  it('has seven alerts, each with a duration, a severity, a summary and an action', () => {
    expect(alerts.map(({ alert }) => alert)).toEqual([
      'RankdNoLeader',
      'RankdFlapping',
      'RankdFull',
      'RankdMirrorStale',
      'RankdMirrorConflict',
      'RankdSlowConsumers',
      'RankdLogLinesDropped',
    ]);
    for (const alert of alerts) {
      expect(alert.for).toMatch(/^\d+(s|m)$/);
      expect(alert.labels).toEqual({ severity: expect.stringMatching(/^(critical|warning)$/) });
      expect(Object.keys(alert.annotations ?? {})).toEqual(['summary', 'description', 'runbook']);
    }
  });

  it('has promtool tests for each alert, one that fires and one that does not', () => {
    const { tests } = parse(read('prometheus/rules.test.yml')) as {
      tests: { alert_rule_test?: { alertname: string; exp_alerts?: unknown[] }[] }[];
    };
    const expected = tests.flatMap(({ alert_rule_test: each = [] }) => each);
    for (const { alert } of alerts) {
      const own = expected.filter(({ alertname }) => alertname === alert);
      expect(own.some(({ exp_alerts: firing = [] }) => firing.length > 0)).toBe(true);
      expect(own.some(({ exp_alerts: firing = [] }) => firing.length === 0)).toBe(true);
    }
  });

  it('points each alert to a section of docs/operations/monitoring.md', () => {
    const headings = [...read('operations/monitoring.md').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
    const anchors = headings.map(
      heading => `docs/operations/monitoring.md#${heading.toLowerCase().replaceAll(' ', '-')}`,
    );
    for (const { annotations } of alerts) expect(anchors).toContain(annotations?.['runbook']);
  });
});

describe('docs/grafana/rankd.json', () => {
  it.each(exprs)('reads only metrics that exist: %s', expr => {
    expect(selectorsIn(expr).length).toBeGreaterThan(0);
    expect(faultsOfNames(expr, known)).toEqual([]);
  });

  it('shows every rankd metric', () => {
    const shown = new Set(
      [...exprs, ...rules.map(({ expr }) => expr)].flatMap(expr => selectorsIn(expr).map(({ metric }) => metric)),
    );
    const own = describeMetrics().filter(({ name }) => name.startsWith('rankd_'));
    expect(own.map(({ name }) => name).filter(name => !shown.has(name) && !shown.has(`${name}_bucket`))).toEqual([]);
  });

  it('uses the selected data source, servers and groups', () => {
    const uids = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource.uid));
    expect(new Set(uids)).toEqual(new Set(['${datasource}']));
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance', 'group']);
    for (const { name, query } of dashboard.templating.list.slice(1)) {
      const [, metric = '', label = ''] =
        /^label_values\((\w+), (\w+)\)$/.exec((query as { query: string }).query) ?? [];
      expect(label).toBe(name);
      expect(known.get(metric)?.has(label)).toBe(true);
    }
    const variables = exprs.flatMap(expr => [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name));
    expect([...new Set(variables)].sort()).toEqual(['__rate_interval', 'group', 'instance']);
  });

  it('has a row for each part, a description for each panel, and no overlapping panels', () => {
    const { panels } = dashboard;
    expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
      'Fleet',
      'Ranks and promotions',
      'Commands',
      'Traffic and slow readers',
      'Mirror',
      'Process',
      'Cluster',
    ]);
    expect(panels.filter(({ type, description = '' }) => type !== 'row' && description.length < 10)).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });
});
