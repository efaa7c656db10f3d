/** The addresses of all servers that this Prometheus scrapes without an error. */
export async function scrapedBy(prometheusUrl: string): Promise<string[]> {
  const answer = await fetch(`${prometheusUrl}/api/v1/targets?state=active`).catch(() => undefined);
  if (answer?.ok !== true) return [];
  const { data } = (await answer.json()) as {
    data: { activeTargets: { labels: { job: string; instance: string }; health: string }[] };
  };
  const healthy = data.activeTargets.filter(({ labels, health }) => labels.job === 'rankd' && health === 'up');
  return [...new Set(healthy.map(({ labels }) => labels.instance))];
}
