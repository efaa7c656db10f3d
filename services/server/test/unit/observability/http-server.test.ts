import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { systemClock } from '../../../src/clock.js';
import type { GroupQueries, RosterListing } from '../../../src/observability/group-queries.js';
import { HttpServer } from '../../../src/observability/http/http-server.js';
import { Metrics } from '../../../src/observability/metrics/metrics.js';
import { ActivitySamples } from '../../../src/observability/activity-samples.js';
import type { GaugeSources } from '../../../src/observability/metrics/gauges.js';
import { EventStreams } from '../../../src/observability/http/event-streams.js';
import { GROUPS_PER_STREAM_MAX } from '../../../src/observability/http/routes.js';
import { HttpPeer } from './http-peer.js';

/** The server counts streams from open to close, in any order of their connections' events. */

const STREAMS_MAX = 4;
const EVENTS = '/api/groups/jobs/events';
const paths = [EVENTS, `${EVENTS}?pulse`, '/ranks?watch&group=jobs'];

/** A group directory whose lookups stay pending until the test completes them. */
class SlowDirectory implements GroupQueries {
  readonly #looks: { resolve: () => void; reject: (error: Error) => void }[] = [];
  isSlow = true;

  async followGroup(): Promise<void> {
    if (this.isSlow) await new Promise<void>((resolve, reject) => this.#looks.push({ resolve, reject }));
  }

  async untilLooks(count: number): Promise<void> {
    await eventually(5000, `${count} lookups`, () => (this.#looks.length >= count ? true : undefined));
  }

  endLooks(error?: Error): void {
    for (const { resolve, reject } of this.#looks.splice(0)) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }

  listGroups = (): [] => [];
  readRoster = (group: string): RosterListing => ({ group, epoch: 1, view: 1, size: 0, members: [] });
  countWaiting = (): number => 0;
  readReadiness = (): ReturnType<GroupQueries['readReadiness']> => ({
    ready: true,
    state: 'accepting',
    mirror: { state: 'none' },
  });
}

const nothing: GaugeSources = {
  readGroupGauges: () => [],
  membersMax: 0,
  observers: 0,
  sessions: 0,
  backlogBytesLargest: 0,
  logLinesDropped: 0,
  receivedBytes: 0,
  sentBytes: 0,
  cluster: undefined,
  mirror: undefined,
};

let directory: SlowDirectory;
let streams: EventStreams;
let endpoint: HttpServer;
let port: number;
const peers: HttpPeer[] = [];

beforeEach(async () => {
  directory = new SlowDirectory();
  streams = new EventStreams(STREAMS_MAX, systemClock, group => `table of ${group}\n`);
  endpoint = new HttpServer({
    queries: directory,
    metrics: new Metrics(nothing),
    streams,
    activity: new ActivitySamples(directory, { membersMax: 1, waitlistMax: 0 }, () => 0),
    pageDirectory: new URL('file:///nowhere/'),
    token: undefined,
    hosts: new Set(['server']),
    connectionsMax: 64,
    clock: systemClock,
    watch: () => undefined,
  });
  port = await endpoint.listen('127.0.0.1', 0);
});
afterEach(async () => {
  directory.endLooks();
  for (const { socket } of peers.splice(0)) socket.destroy();
  await endpoint.close();
});

async function connect(): Promise<HttpPeer> {
  const peer = (await HttpPeer.connect(port)).read();
  peers.push(peer);
  return peer;
}

async function crowd(...requests: string[]): Promise<HttpPeer[]> {
  return await Promise.all(Array.from({ length: STREAMS_MAX }, async () => (await connect()).send(...requests)));
}

/** Waits until the server has received all that was sent before, and every end. */
async function serverHasReadOn(): Promise<void> {
  await (await connect()).send('/healthz').untilStatuses(1);
}

/** Checks that every slot is free: the limit of streams can be opened, and not one more. */
async function expectAllFree(): Promise<void> {
  directory.isSlow = false;
  await eventually(5000, 'no open stream', () => ([...streams.watchedGroups].length === 0 ? true : undefined));
  const open = await crowd(EVENTS);
  for (const peer of open) expect(await peer.untilStatuses(1)).toEqual([200]);
  expect(await (await connect()).send(EVENTS).untilStatuses(1)).toEqual([503]);
}

describe.each(paths)('a peer of %s', path => {
  it.each([
    ['closes', (peer: HttpPeer) => peer.socket.end()],
    ['resets', (peer: HttpPeer) => peer.socket.resetAndDestroy()],
  ])('that %s while its stream is looked up uses no slot', async (_how, leave) => {
    const leavers = await crowd(path);
    await directory.untilLooks(STREAMS_MAX);
    for (const peer of leavers) leave(peer);
    await serverHasReadOn();
    directory.endLooks();
    await Promise.all(leavers.map(async peer => await peer.untilClosed()));
    await expectAllFree();
  });

  it('that closes just as its stream begins frees the slot', async () => {
    const leavers = await crowd(path);
    await directory.untilLooks(STREAMS_MAX);
    for (const { socket } of leavers) socket.destroy();
    directory.endLooks();
    await expectAllFree();
  });

  it('that pipelines streams uses one slot and frees one', async () => {
    directory.isSlow = false;
    const [first, ...others] = await crowd(...Array.from({ length: 10 }, () => path));
    for (const peer of [first, ...others]) expect(await peer?.untilStatuses(1)).toEqual([200]);
    expect(await (await connect()).send(path).untilStatuses(1)).toEqual([503]);
    expect([first, ...others].map(peer => peer?.statuses)).toEqual(Array.from({ length: STREAMS_MAX }, () => [200]));
    for (const peer of [first, ...others]) peer?.socket.destroy();
    await expectAllFree();
  });

  it('that pipelines streams and closes during the first lookup uses no slot', async () => {
    const leavers = await crowd(path, path, path);
    await directory.untilLooks(STREAMS_MAX);
    for (const { socket } of leavers) socket.end();
    await serverHasReadOn();
    directory.endLooks();
    await Promise.all(leavers.map(async peer => await peer.untilClosed()));
    await expectAllFree();
  });

  it('that sends HEAD uses no slot', async () => {
    directory.isSlow = false;
    for (const peer of await crowd()) {
      peer.socket.write(`HEAD ${path} HTTP/1.1\r\n\r\n`.repeat(3));
      expect(await peer.untilStatuses(3)).toEqual([200, 200, 200]);
    }
    await expectAllFree();
  });
});

it('a lookup that fails is answered with 500, and uses no slot', async () => {
  const [peer] = await crowd(EVENTS);
  await directory.untilLooks(STREAMS_MAX);
  directory.endLooks(new Error('planted'));
  expect(await peer?.untilStatuses(1)).toEqual([500]);
  await expectAllFree();
});

it('a stream whose first event cannot be made ends, and uses no slot', async () => {
  directory.isSlow = false;
  const { readRoster: roster } = directory;
  directory.readRoster = () => {
    throw new Error('planted');
  };
  for (const peer of await crowd(EVENTS)) await peer.untilClosed();
  directory.readRoster = roster;
  await expectAllFree();
});

it('a stream that is opened for a closed response uses no slot', async () => {
  directory.isSlow = false;
  const closed = { destroyed: true, write: () => false, on: () => undefined };
  for (let count = 0; count < STREAMS_MAX; count += 1) {
    streams.openEventStream(closed as never, 'jobs', {}, {});
    streams.openTableStream(closed as never, 'jobs');
  }
  await expectAllFree();
});

it('a stream of several groups has the events of each, uses one slot and frees it', async () => {
  directory.isSlow = false;
  const [peer] = await crowd('/api/events?group=a&pulse&group=..&group=b');
  await peer?.untilStatuses(1);
  const text = (): string => peer?.text ?? '';
  for (const group of ['a', '..', 'b']) {
    await eventually(5000, group, () =>
      text().includes(`event: pulse\ndata: {"group":"${group}"`) ? true : undefined,
    );
    streams.publishEvent(group, 'view', () => ({ group, view: 2 }));
    await eventually(5000, group, () => (text().includes(`data: {"group":"${group}","view":2}`) ? true : undefined));
  }
  expect(text().match(/event: roster/g)).toHaveLength(3);
  expect([...streams.watchedGroups].sort()).toEqual(['..', 'a', 'b']);
  for (const { socket } of peers.splice(0)) socket.destroy();
  await expectAllFree();
});

it('a stream has at most GROUPS_PER_STREAM_MAX groups', async () => {
  directory.isSlow = false;
  const path = (count: number): string =>
    `/api/events?${Array.from({ length: count }, (_, index) => `group=g${index}`).join('&')}`;
  const peer = (await connect()).send(path(GROUPS_PER_STREAM_MAX + 1), path(GROUPS_PER_STREAM_MAX));
  expect(await peer.untilStatuses(2)).toEqual([400, 200]);
  await eventually(5000, 'all groups', () =>
    [...streams.watchedGroups].length === GROUPS_PER_STREAM_MAX ? true : undefined,
  );
});

it.each([EVENTS, '/api/events?group=..&pulse', '/ranks?watch'])(
  '%s has the header that stops nginx from buffering',
  async path => {
    directory.isSlow = false;
    const peer = await connect();
    peer.socket.write(`HEAD ${path} HTTP/1.1\r\n\r\n`);
    peer.send('/ranks', path);
    await peer.untilStatuses(3);
    const heads = peer.text.split('HTTP/1.1').slice(1);
    expect(heads.map(head => /x-accel-buffering: no\r\n/.test(head))).toEqual([true, false, true]);
  },
);

describe('a request by a name of another site (DNS rebinding)', () => {
  const statusOf = async (target: string, ...headers: string[]): Promise<number | undefined> => {
    directory.isSlow = false;
    const peer = await connect();
    peer.socket.write(`HEAD ${target} HTTP/1.1\r\n${headers.map(header => `${header}\r\n`).join('')}\r\n`);
    return (await peer.untilStatuses(1))[0];
  };
  const foreign = 'Host: evil.example:9464';

  it.each([
    '/api',
    '/api/groups',
    '/api/groups/jobs',
    EVENTS,
    '/api/events',
    '/%61pi/groups',
    '/ranks',
    '/ranks?watch',
  ])('gets 421 for %s, and an answer by any other', async path => {
    expect(await statusOf(path, foreign)).toBe(421);
    expect(await statusOf(path, 'Host: localhost', foreign)).toBe(421);
    expect(await statusOf(path, 'X-Forwarded-Host: localhost', foreign)).toBe(421);
    expect(await statusOf(`http://evil.example${path}`, 'Host: localhost')).toBe(421);
    const own = await statusOf(path);
    expect(own).toBe(path === '/api' ? 404 : 200);
    for (const host of ['127.0.0.1:9464', 'LOCALHOST', 'server', '[::1]:9464']) {
      expect([host, await statusOf(path, `Host: ${host}`, 'X-Forwarded-Host: evil.example')]).toEqual([host, own]);
    }
    expect(await statusOf(`http://server:9464${path}`)).toBe(own);
  });

  it.each(['/metrics', '/healthz', '/readyz', '/nothing', '/'])('gets the usual answer for %s', async path => {
    expect(await statusOf(path, foreign)).toBe(await statusOf(path));
  });

  it('gets JSON that says what to do, without control characters', async () => {
    const peer = await connect();
    peer.socket.write(`GET /ranks HTTP/1.1\r\nHost: evil\t${'x'.repeat(100)}\r\n\r\n`);
    await peer.untilStatuses(1);
    const body = JSON.parse(peer.text.split('\r\n\r\n')[1] ?? '') as { code: string; message: string };
    expect(body).toEqual({
      code: 'MISDIRECTED',
      message: expect.stringMatching(/^evil\\u0009x{59} .*RANKD_HTTP_HOSTS/),
    });
    expect(peer.text).toMatch(/content-security-policy: default-src 'none'/);
  });
});

it('each of several requests on one connection is answered', async () => {
  const peer = (await connect()).send('/healthz', '/readyz', '/nothing', '/healthz');
  expect(await peer.untilStatuses(4)).toEqual([200, 200, 404, 200]);
});
