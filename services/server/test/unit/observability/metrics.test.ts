import { readdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Metrics } from '../../../src/observability/metrics/metrics.js';
import type { GaugeSources } from '../../../src/observability/metrics/gauges.js';
import type { ServerEvent } from '../../../src/server-event.js';

const member = { group: 'default', member: 'm1', name: 'ann', rank: 0, size: 1, view: 1 };
const joinedEvent = (group: string): ServerEvent => ({
  ...member,
  group,
  event: 'member.joined',
  slot: 0,
  address: '1.2.3.4:5',
  waitedMs: 1,
});
const leftEvent = (group: string, size: number, promoted: number): ServerEvent => ({
  ...member,
  group,
  size,
  event: 'member.left',
  reason: 'HEARTBEAT_TIMEOUT',
  promoted,
});

/** The state that a scrape reads. Tests change it. */
let readings: { -readonly [K in keyof GaugeSources]: GaugeSources[K] };
let metrics: Metrics;

beforeEach(() => {
  readings = {
    readGroupGauges: () => [{ name: 'default', members: 3, waiting: 2, view: 7, isLeaderPresent: true }],
    membersMax: 100,
    observers: 8,
    sessions: 4,
    backlogBytesLargest: 5,
    receivedBytes: 6,
    sentBytes: 7,
    logLinesDropped: 9,
    cluster: undefined,
    mirror: undefined,
  };
  metrics = new Metrics(readings);
});

async function samples(prefix: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split('\n').filter(line => line.startsWith(prefix));
}

async function counted(prefix: string): Promise<string[]> {
  return (await samples(prefix)).filter(line => !line.endsWith(' 0'));
}

describe('metrics', () => {
  it('read the current state at each scrape', async () => {
    expect(await samples('rankd_members{')).toEqual(['rankd_members{group="default"} 3']);
    expect(await samples('rankd_view{')).toEqual(['rankd_view{group="default"} 7']);
    expect(await samples('rankd_waiting{')).toEqual(['rankd_waiting{group="default"} 2']);
    expect(await samples('rankd_sessions')).toEqual(['rankd_sessions 4']);
    expect(await samples('rankd_observers')).toEqual(['rankd_observers 8']);
    readings.readGroupGauges = () => [];
    expect(await samples('rankd_members{')).toEqual([]);
    expect(await samples('rankd_waiting{')).toEqual([]);
  });

  it('report whether a group has a present leader', async () => {
    const group = { name: 'default', members: 3, waiting: 0, view: 7 };
    readings.readGroupGauges = () => [
      { ...group, isLeaderPresent: true },
      { ...group, name: 'away', isLeaderPresent: false },
    ];
    expect(await samples('rankd_leader_present{')).toEqual([
      'rankd_leader_present{group="default"} 1',
      'rankd_leader_present{group="away"} 0',
    ]);
  });

  it('start at 0 for counters whose increase an alert checks, so that the first increase shows', async () => {
    expect(await samples('rankd_departures_total{reason="slow_consumer"}')).toEqual([
      'rankd_departures_total{reason="slow_consumer"} 0',
    ]);
    metrics.countEvent(joinedEvent('default'));
    expect(await samples('rankd_promotions_total{')).toEqual(['rankd_promotions_total{group="default"} 0']);
  });

  it('report the same byte totals at each scrape', async () => {
    await samples('');
    readings.receivedBytes = 10;
    await samples('');
    expect(await samples('rankd_received_bytes_total')).toEqual(['rankd_received_bytes_total 10']);
  });

  it('report how many log lines were dropped', async () => {
    expect(await samples('rankd_log_lines_dropped_total')).toEqual(['rankd_log_lines_dropped_total 9']);
  });

  it('have no mirror metrics without a mirror', async () => {
    expect(await samples('rankd_mirror_up')).toEqual([]);
  });

  it('count admissions and departures by result and reason', async () => {
    metrics.countEvent(joinedEvent('default'));
    metrics.countEvent({ event: 'session.refused', session: 's', address: 'a', code: 'HELLO_TIMEOUT', detail: '' });
    metrics.countEvent(leftEvent('default', 2, 2));
    expect(await samples('rankd_admissions_total{')).toEqual([
      'rankd_admissions_total{result="joined"} 1',
      'rankd_admissions_total{result="hello_timeout"} 1',
    ]);
    expect(await counted('rankd_departures_total{')).toEqual(['rankd_departures_total{reason="heartbeat_timeout"} 1']);
    expect(await samples('rankd_promotions_total{')).toEqual(['rankd_promotions_total{group="default"} 2']);
  });

  it('count waiting and resumed members as admissions', async () => {
    metrics.countEvent({ event: 'member.waiting', group: 'default', session: 's', position: 1 });
    metrics.countEvent({ ...member, event: 'member.resumed', slot: 0, address: 'a', waitedMs: 1 });
    expect(await samples('rankd_admissions_total{')).toEqual([
      'rankd_admissions_total{result="waiting"} 1',
      'rankd_admissions_total{result="resumed"} 1',
    ]);
  });

  it('count promotions by an administrator’s move, and none when a member is away', async () => {
    metrics.countEvent({ ...member, event: 'member.moved', promoted: 4 });
    metrics.countEvent({ ...member, event: 'member.away', reason: 'CLOSED' });
    expect(await samples('rankd_promotions_total{')).toEqual(['rankd_promotions_total{group="default"} 4']);
    expect(await counted('rankd_departures_total{')).toEqual([]);
  });

  it.each(['FRAME_TOO_LARGE', 'BAD_FRAME', 'BAD_MESSAGE', 'HELLO_EXPECTED'])(
    'count %s as a rejected frame',
    async code => {
      metrics.countEvent({ event: 'session.closed', session: 's', code });
      metrics.countEvent({ event: 'session.closed', session: 's', code: 'CLOSED' });
      expect(await samples('rankd_frames_rejected_total{')).toEqual([`rankd_frames_rejected_total{code="${code}"} 1`]);
    },
  );

  it('count writes to the mirror, and time those that completed', async () => {
    metrics.recordMirrorWrite('written', 0.02);
    metrics.recordMirrorWrite('failed', 0);
    expect(await samples('rankd_mirror_writes_total{')).toEqual([
      'rankd_mirror_writes_total{result="written"} 1',
      'rankd_mirror_writes_total{result="failed"} 1',
    ]);
    expect(await samples('rankd_mirror_write_seconds_count')).toEqual(['rankd_mirror_write_seconds_count 1']);
  });

  it('keep promotions of the last 100 groups without members only', async () => {
    for (let group = 0; group < 500; group += 1) {
      metrics.countEvent(joinedEvent(`group-${group}`));
      metrics.countEvent(leftEvent(`group-${group}`, 1, 1));
      metrics.countEvent(leftEvent(`group-${group}`, 0, 0));
    }
    const kept = await samples('rankd_promotions_total{');
    expect(kept).toHaveLength(100);
    expect(kept.at(-1)).toBe('rankd_promotions_total{group="group-499"} 1');
  });

  it('continue to count for a group that has members again', async () => {
    metrics.countEvent(leftEvent('default', 0, 0));
    metrics.countEvent(joinedEvent('default'));
    for (let group = 0; group < 200; group += 1) metrics.countEvent(leftEvent(`group-${group}`, 0, 0));
    metrics.countEvent(leftEvent('default', 1, 1));
    expect(await samples('rankd_promotions_total{group="default"}')).toEqual([
      'rankd_promotions_total{group="default"} 1',
    ]);
  });

  it('belong to one server: two servers in one process do not share them', () => {
    expect(() => new Metrics(readings)).not.toThrow();
  });

  it('report on the process without a list of all its connections', async () => {
    expect(await samples('process_resident_memory_bytes')).toHaveLength(1);
    expect(await samples('nodejs_active_handles')).toEqual([]);
    expect(await samples('nodejs_active_resources_total')).toEqual([]);
  });

  it('count open descriptors like a listing of the directory', async () => {
    const [line = ''] = await samples('process_open_fds');
    expect(Number(line.split(' ')[1])).toBe(readdirSync('/proc/self/fd').length - 1);
  });
});
