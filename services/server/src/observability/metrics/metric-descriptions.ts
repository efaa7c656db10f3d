import { Metrics } from './metrics.js';
import type { GaugeSources } from './gauges.js';

export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** Every metric of a server with a mirror, for whoever documents them. */
export function describeMetrics(): MetricDescription[] {
  const idle: GaugeSources = {
    groupGauges: () => [],
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

/** What prom-client's metrics hold, beyond what its types say. */
interface RegisteredMetric {
  readonly name: string;
  readonly type: string;
  readonly labelNames?: readonly string[];
  readonly help: string;
}
