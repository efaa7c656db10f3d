/** Lists all metrics for the generated docs. */

import { Metrics } from './metrics.js';
import type { GaugeSources } from './gauges.js';

/** One row of the metrics page in the docs. */
export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** Returns the description of every metric, for the generated docs. */
export function describeMetrics(): MetricDescription[] {
  const idle: GaugeSources = {
    readGroupGauges: () => [],
    membersMax: 0,
    observers: 0,
    sessions: 0,
    backlogBytesLargest: 0,
    receivedBytes: 0,
    sentBytes: 0,
    logLinesDropped: 0,
    cluster: undefined,
    mirror: { up: false, lagViews: 0 },
  };
  const all = new Metrics(idle).registry.getMetricsAsArray() as unknown as readonly RegisteredMetric[];
  return all.map(({ name, type, labelNames = [], help }) => ({ name, type, labels: labelNames, help }));
}

/** The fields of prom-client's metrics that its types omit. */
interface RegisteredMetric {
  readonly name: string;
  readonly type: string;
  readonly labelNames?: readonly string[];
  readonly help: string;
}
