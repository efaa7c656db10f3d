/** One metric of the Prometheus text format 0.0.4, with its samples. */
export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** prom-client writes Nan; Prometheus accepts any spelling. */
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (Na[nN]|[+-]Inf|[-+0-9.eE]+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

/** Strict: throws at the first line that a scraper would reject. */
export function parsePrometheus(text: string): Map<string, Metric> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const metrics = new Map<string, Metric & { samples: Sample[] }>();
  for (const line of text.split('\n').filter(each => each !== '')) {
    const [, name = '', help] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
    if (help !== undefined) {
      if (metrics.has(name)) throw new Error(`two metrics called ${name}`);
      metrics.set(name, { name, help, type: '', samples: [] });
      continue;
    }
    const [, typed = '', type] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
    if (type !== undefined) metrics.set(typed, { ...known(metrics, typed), type });
    else addSample(metrics, parseSample(line));
  }
  return metrics;
}

function addSample(metrics: ReadonlyMap<string, Metric & { samples: Sample[] }>, sample: Sample): void {
  const base = sample.name.replace(/_(bucket|sum|count)$/, '');
  const metric = known(metrics, metrics.has(sample.name) ? sample.name : base);
  const same = (other: Sample): boolean =>
    other.name === sample.name && JSON.stringify(other.labels) === JSON.stringify(sample.labels);
  if (metric.samples.some(same)) throw new Error(`two samples of ${JSON.stringify(sample)}`);
  metric.samples.push(sample);
}

function known<M>(metrics: ReadonlyMap<string, M>, name: string): M {
  const metric = metrics.get(name);
  if (metric === undefined) throw new Error(`no TYPE line for ${name}`);
  return metric;
}

function parseSample(line: string): Sample {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  return { name, labels: parseLabels(labels), value: Number(value?.replace('Inf', 'Infinity')) };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined) throw new Error(`not labels: ${text}`);
    labels[name] = value ?? '';
  }
  return labels;
}
