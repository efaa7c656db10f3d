import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, type Joined, type LaunchedRedis, launchRedis } from '@rankd/testkit';
import { type Metric, parsePrometheus } from './prometheus-text.js';
import { SidePortFixture } from './side-port-fixture.js';

jest.setTimeout(20_000);

/** Every rankd metric. */
const contract: Record<string, { type: string; labels: readonly string[] }> = {
  rankd_members: { type: 'gauge', labels: ['group'] },
  rankd_members_max: { type: 'gauge', labels: ['group'] },
  rankd_waiting: { type: 'gauge', labels: ['group'] },
  rankd_view: { type: 'gauge', labels: ['group'] },
  rankd_sessions: { type: 'gauge', labels: [] },
  rankd_observers: { type: 'gauge', labels: [] },
  rankd_admissions_total: { type: 'counter', labels: ['result'] },
  rankd_departures_total: { type: 'counter', labels: ['reason'] },
  rankd_promotions_total: { type: 'counter', labels: ['group'] },
  rankd_commands_total: { type: 'counter', labels: ['code', 'result'] },
  rankd_deliveries_total: { type: 'counter', labels: [] },
  rankd_results_total: { type: 'counter', labels: ['status'] },
  rankd_command_duration_seconds: { type: 'histogram', labels: [] },
  rankd_promotion_delay_seconds: { type: 'histogram', labels: [] },
  rankd_frames_rejected_total: { type: 'counter', labels: ['code'] },
  rankd_backlog_bytes: { type: 'gauge', labels: [] },
  rankd_received_bytes_total: { type: 'counter', labels: [] },
  rankd_sent_bytes_total: { type: 'counter', labels: [] },
  rankd_log_lines_dropped_total: { type: 'counter', labels: [] },
  rankd_mirror_up: { type: 'gauge', labels: [] },
  rankd_mirror_lag_views: { type: 'gauge', labels: [] },
  rankd_mirror_writes_total: { type: 'counter', labels: ['result'] },
  rankd_mirror_write_seconds: { type: 'histogram', labels: [] },
  rankd_mirror_conflicts_total: { type: 'counter', labels: [] },
  // This metric is not in the contract. Only this metric shows that a group's leader is away.
  rankd_leader_present: { type: 'gauge', labels: ['group'] },
  // Of several servers in one cluster.
  rankd_servers: { type: 'gauge', labels: [] },
  rankd_epoch: { type: 'gauge', labels: [] },
  rankd_shards_followed: { type: 'gauge', labels: [] },
  rankd_log_lag_entries: { type: 'gauge', labels: [] },
  rankd_log_append_seconds: { type: 'histogram', labels: [] },
};

let redis: LaunchedRedis;
let fixture: SidePortFixture;
let members: Joined[];

/**
 * Causes a little of everything: three members, a fourth too many, invalid frames, commands done, failed and refused, a
 * departure.
 */
beforeAll(async () => {
  redis = await launchRedis();
  fixture = await SidePortFixture.launch({ RANKD_REDIS_URL: redis.url, RANKD_MEMBERS_MAX: '3' });
  members = [];
  for (const name of ['top', 'middle', 'low']) members.push(await fixture.join({ name }));
  await refused({ type: 'hello' }, 'FULL');
  await refused({ type: 'nonsense' }, 'BAD_MESSAGE');
  await command(0, ['done', 'failed']);
  members[2]?.peer.send({ type: 'command', id: 'up', name: 'upwards', to: { ranks: [0] } });
  await members[2]?.peer.next('receipt');
  members[0]?.peer.send({ type: 'leave' });
  await members[2]?.peer.until(frame => frame.type === 'view' && frame['rank'] === 1);
});
afterAll(async () => {
  await fixture.dispose();
  await redis.dispose();
});

async function refused(message: object, code: string): Promise<void> {
  const peer = await fixture.connect();
  peer.send(message);
  expect((await peer.next('bye'))['code']).toBe(code);
}

async function command(from: number, statuses: readonly string[]): Promise<void> {
  const sender = members[from]?.peer;
  sender?.send({ type: 'command', id: 'down', name: 'work' });
  for (const [index, status] of statuses.entries()) {
    const peer = members[from + 1 + index]?.peer;
    const delivered = await peer?.next('command');
    peer?.send({ type: 'result', seq: delivered?.['seq'], status });
  }
  await sender?.next('outcome');
}

async function scrape(): Promise<Map<string, Metric>> {
  return parsePrometheus((await fixture.get('/metrics')).body);
}

/** The value of the sample with these labels; 0 if it is missing. */
function valueOf(metrics: ReadonlyMap<string, Metric>, name: string, labels: Record<string, string> = {}): number {
  const samples = metrics.get(name.replace(/_(count|sum)$/, ''))?.samples ?? metrics.get(name)?.samples ?? [];
  const wanted = JSON.stringify(labels);
  return samples.find(sample => sample.name === name && JSON.stringify(sample.labels) === wanted)?.value ?? 0;
}

describe('/metrics', () => {
  it('is in the Prometheus text format', async () => {
    const { status, headers, body } = await fixture.get('/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(() => parsePrometheus(body)).not.toThrow();
  });

  it('includes every metric with its type and labels, and no other rankd_ metric', async () => {
    const metrics = [...(await scrape()).values()].filter(({ name }) => name.startsWith('rankd_'));
    const found = metrics.map(({ name, type, samples }) => {
      const labels = new Set(samples.flatMap(sample => Object.keys(sample.labels)));
      labels.delete('le');
      return [name, { type, labels: [...labels].sort() }];
    });
    expect(Object.fromEntries(found)).toEqual(contract);
  });

  it('includes the process metrics of prom-client', async () => {
    const metrics = await scrape();
    expect(valueOf(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(metrics.has('nodejs_eventloop_lag_seconds')).toBe(true);
  });

  it('contains no member id and no name', async () => {
    const { body } = await fixture.get('/metrics');
    for (const { id: member } of members) expect(body).not.toContain(member);
    expect(body).not.toMatch(/"(top|middle|low)"/);
  });

  it('agrees with the roster', async () => {
    const metrics = await scrape();
    const { size, view } = (await fixture.json('/api/groups/default')) as { size: number; view: number };
    expect([size, view]).toEqual([2, 4]);
    expect(valueOf(metrics, 'rankd_members', { group: 'default' })).toBe(size);
    expect(valueOf(metrics, 'rankd_view', { group: 'default' })).toBe(view);
    expect(valueOf(metrics, 'rankd_members_max', { group: 'default' })).toBe(3);
    expect(valueOf(metrics, 'rankd_leader_present', { group: 'default' })).toBe(1);
    expect(valueOf(metrics, 'rankd_sessions')).toBe(2);
  });

  it('counts admissions, departures and promotions', async () => {
    const metrics = await scrape();
    expect(valueOf(metrics, 'rankd_admissions_total', { result: 'joined' })).toBe(3);
    expect(valueOf(metrics, 'rankd_admissions_total', { result: 'full' })).toBe(1);
    expect(valueOf(metrics, 'rankd_departures_total', { reason: 'left' })).toBe(1);
    expect(valueOf(metrics, 'rankd_promotions_total', { group: 'default' })).toBe(2);
    expect(valueOf(metrics, 'rankd_promotion_delay_seconds_count')).toBe(1);
    expect(valueOf(metrics, 'rankd_frames_rejected_total', { code: 'BAD_MESSAGE' })).toBe(1);
  });

  it('counts commands, deliveries and endings', async () => {
    const metrics = await scrape();
    expect(valueOf(metrics, 'rankd_commands_total', { result: 'accepted', code: '' })).toBe(1);
    expect(valueOf(metrics, 'rankd_commands_total', { result: 'refused', code: 'OUTRANKED' })).toBe(1);
    expect(valueOf(metrics, 'rankd_deliveries_total')).toBe(2);
    expect(valueOf(metrics, 'rankd_results_total', { status: 'done' })).toBe(1);
    expect(valueOf(metrics, 'rankd_results_total', { status: 'failed' })).toBe(1);
    expect(valueOf(metrics, 'rankd_command_duration_seconds_count')).toBe(1);
  });

  it('counts bytes, and has no backlog', async () => {
    const metrics = await scrape();
    expect(valueOf(metrics, 'rankd_received_bytes_total')).toBeGreaterThan(100);
    expect(valueOf(metrics, 'rankd_sent_bytes_total')).toBeGreaterThan(1000);
    expect(valueOf(metrics, 'rankd_backlog_bytes')).toBe(0);
  });

  it('shows the mirror up and current, with its writes', async () => {
    const metrics = await eventually(3000, 'a mirror that is up to date', async () => {
      const scraped = await scrape();
      return valueOf(scraped, 'rankd_mirror_lag_views') === 0 ? scraped : undefined;
    });
    const written = valueOf(metrics, 'rankd_mirror_writes_total', { result: 'written' });
    expect(valueOf(metrics, 'rankd_mirror_up')).toBe(1);
    expect(written).toBeGreaterThan(0);
    expect(valueOf(metrics, 'rankd_mirror_write_seconds_count')).toBe(written);
  });

  it('has histograms with increasing buckets', async () => {
    for (const { type, name, samples } of (await scrape()).values()) {
      if (type !== 'histogram' || !name.startsWith('rankd_')) continue;
      const buckets = samples.filter(sample => sample.name.endsWith('_bucket')).map(({ value }) => value);
      expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
      expect(samples.find(sample => sample.name.endsWith('_count'))?.value).toBe(buckets.at(-1));
    }
  });

  it('drops a group without members, except for its promotions', async () => {
    const { peer } = await fixture.join({ group: 'short' });
    expect(valueOf(await scrape(), 'rankd_members', { group: 'short' })).toBe(1);
    peer.send({ type: 'leave' });
    await peer.closed;
    const { body } = await fixture.get('/metrics');
    expect(body).not.toMatch(/rankd_(members|members_max|waiting|view|leader_present)\{group="short"\}/);
  });
});
