/** A sample of /metrics, with its labels, and how much of it is one. */
export interface Gauge {
  readonly sample: string;
  readonly unit: number;
}

/** The value of a sample in a text of /metrics; undefined if the text has no such sample. */
export function sampleIn(text: string, sample: string): number | undefined {
  const line = text.split('\n').find(each => each.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

/** The value of a sample now, from the metrics of the side port at `httpPort`; undefined if there is no such sample. */
export async function readMetric(httpPort: number, sample: string): Promise<number | undefined> {
  return sampleIn(await readMetrics(httpPort), sample);
}

/** The values of these gauges now, each in its unit. */
export async function readGauges<const Name extends string>(
  httpPort: number,
  gauges: Readonly<Record<Name, Gauge>>,
): Promise<Record<Name, number>> {
  const text = await readMetrics(httpPort);
  const named = Object.entries<Gauge>(gauges);
  // A kind of resource of which there is none has no line.
  const values = named.map(([name, { sample, unit }]) => [name, (sampleIn(text, sample) ?? 0) / unit]);
  return Object.fromEntries(values) as Record<Name, number>;
}

async function readMetrics(httpPort: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
}
