/** Reads metrics of a server. */

/** A sample of /metrics with its labels. Its value is divided by `unit`. */
export interface Gauge {
  readonly sample: string;
  readonly unit: number;
}

/** Returns the value of a sample in a text of /metrics. Undefined if the text has no such sample. */
export function sampleIn(text: string, sample: string): number | undefined {
  const line = text.split('\n').find(each => each.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

/** Returns the current value of a sample from the side port at `httpPort`. Undefined if there is no such sample. */
export async function readMetric(httpPort: number, sample: string): Promise<number | undefined> {
  return sampleIn(await readMetrics(httpPort), sample);
}

/** Returns the current values of these gauges, each in its unit. */
export async function readGauges<const Name extends string>(
  httpPort: number,
  gauges: Readonly<Record<Name, Gauge>>,
): Promise<Record<Name, number>> {
  const text = await readMetrics(httpPort);
  const named = Object.entries<Gauge>(gauges);
  // /metrics has no line for a kind of resource that is not in use.
  const values = named.map(([name, { sample, unit }]) => [name, (sampleIn(text, sample) ?? 0) / unit]);
  return Object.fromEntries(values) as Record<Name, number>;
}

async function readMetrics(httpPort: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
}
