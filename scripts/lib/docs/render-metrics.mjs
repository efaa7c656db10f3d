import { formatPage } from './format-page.mjs';
import { cell } from './markdown-cell.mjs';

/** Renders docs/metrics.md from the server's registry: `name`, `type`, `labels` and `help` of each metric. */
export function renderMetrics(metrics) {
  const own = metrics.filter(({ name }) => name.startsWith('rankd_'));
  const rows = [...own]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${cell(help)} |`);
  return formatPage(`<!-- begin: generated from services/server/src/observability/metrics/metrics.ts by scripts/docs.mjs; do not edit -->

# Metrics

Prometheus reads these metrics from \`/metrics\` on the side port. No label contains a member. prom-client adds metrics of the process,
\`process_…\` and \`nodejs_…\`, without those of its handles. \`rankd_mirror_up\` and \`rankd_mirror_lag_views\` exist only if there is a
mirror.

| Metric | Type | Labels | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

<!-- end -->
`);
}
