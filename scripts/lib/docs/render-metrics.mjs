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

What \`/metrics\` on the side port tells Prometheus. No member is ever a label. Besides these there are prom-client's metrics of
the process, called \`process_…\` and \`nodejs_…\`, but for its handles, which are as many as there are connections.
\`rankd_mirror_up\` and \`rankd_mirror_lag_views\` are there only where there is a mirror.

| Metric | Type | Labels | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

<!-- end -->
`);
}
