/** The gauges' values now, each in its unit, from the side port's metrics. */
export async function readGauges(httpPort, gauges) {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  const lines = text.split('\n');
  const valueOf = ({ metric, unit }) => {
    const line = lines.find(each => each.startsWith(`${metric} `));
    // A kind of resource of which there is none now has no line.
    return line === undefined ? 0 : Number(line.slice(metric.length + 1)) / unit;
  };
  return Object.fromEntries(Object.entries(gauges).map(([name, gauge]) => [name, valueOf(gauge)]));
}

/** The slope of the straight line that is nearest to the points (least squares), for an hour. */
export function slopePerHour(points) {
  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = mean(points.map(({ atMs }) => atMs));
  const level = mean(points.map(({ value }) => value));
  let together = 0;
  let apart = 0;
  for (const { atMs, value } of points) {
    together += (atMs - at) * (value - level);
    apart += (atMs - at) ** 2;
  }
  return apart === 0 ? 0 : (together / apart) * 3_600_000;
}
