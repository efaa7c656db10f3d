import { expect, it, jest } from '@jest/globals';
import { at, byeOf, eventually, type Joined, numberIn, RawPeer, resumeOf } from '@rankd/testkit';
import { metricOf, rosterOf, type Server, shareRedis, untilMirrored } from './mirror-fixture.js';

/** Two standalone servers on one Redis and prefix: one of them keeps the order (docs/operations/redis.md). */

jest.setTimeout(40_000);

const WRITER = 'rankd:writer';
/** A server looks at the claim twice a second; a busy machine takes its time. */
const SEEN_MS = 5000;
const times = { RANKD_HEARTBEAT_MS: '300', RANKD_SUSPEND_MS: '1000', RANKD_DEAD_MS: '20000', RANKD_REFORM_MS: '8000' };

const shared = shareRedis();

interface Claim {
  readonly incarnation: string;
  readonly epoch: number;
  readonly server: string;
}

async function claim(): Promise<Claim | undefined> {
  const text = await shared.reader.get(WRITER);
  return text === null ? undefined : (JSON.parse(text) as Claim);
}

async function readyz(server: Server): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/readyz`);
  return { status: response.status, body: await response.json() };
}

async function untilStatus(server: Server, status: number, deadlineMs = SEEN_MS): Promise<void> {
  await eventually(deadlineMs, `${status} at /readyz`, async () =>
    (await readyz(server)).status === status ? true : undefined,
  );
}

/** Checks that a server has ended the sessions of its members, and admits none. */
async function expectStandby(server: Server, members: readonly Joined[]): Promise<void> {
  const line = await server.childProcess.event('mirror.conflict', undefined, SEEN_MS);
  expect(line).toMatchObject({ level: 50, epoch: expect.any(Number) });
  for (const { peer } of members) expect(await byeOf(peer)).toMatchObject({ code: 'UNAVAILABLE', retry: true });
  expect(await readyz(server)).toMatchObject({ status: 503, body: { ready: false, state: 'standby' } });
  expect(await metricOf(server, 'rankd_mirror_conflicts_total')).toBe(1);
  const peer = await RawPeer.connect(server.port);
  peer.send({ type: 'hello' });
  expect(await byeOf(peer)).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 500 });
}

it('p:writer a newer server takes over with every place, and the older one again when that has stopped', async () => {
  const first = await shared.fixture.server(shared.url, times);
  const members = await shared.fixture.joinInTurn(first, 3);
  await untilMirrored(shared.reader, first, 3);
  const before = await claim();
  expect(Object.keys(before ?? {}).sort()).toEqual(['epoch', 'incarnation', 'server']);
  expect(await shared.reader.pttl(WRITER)).toBeLessThanOrEqual(15_000);

  const second = await shared.fixture.server(shared.url, times);
  await expectStandby(first, members);
  const after = await claim();
  expect(after?.epoch).toBeGreaterThan(before?.epoch ?? Infinity);
  const moved: Joined[] = [];
  for (const rank of [2, 0, 1]) {
    const { welcome, ...joined } = await shared.fixture.join(second, { resume: resumeOf(at(members, rank)) });
    expect(welcome).toMatchObject({ resumed: true, rank, size: 3, slot: rank });
    expect(numberIn(welcome, 'epoch')).toBeGreaterThanOrEqual(after?.epoch ?? Infinity);
    moved.push({ welcome, ...joined });
  }
  await untilMirrored(shared.reader, second, 3);
  expect(await metricOf(second, 'rankd_mirror_conflicts_total')).toBe(0);

  second.childProcess.kill('SIGTERM');
  await untilStatus(first, 200, 10_000);
  await first.childProcess.event('mirror.regained');
  const { welcome } = await shared.fixture.join(first, { resume: resumeOf(at(moved, 1)) });
  expect(welcome).toMatchObject({ resumed: true, rank: 0, size: 3 });
  expect(numberIn(welcome, 'epoch')).toBeGreaterThan(numberIn(at(moved, 1).welcome, 'epoch'));
  expect((await claim())?.incarnation).toBe(before?.incarnation);
});

it('p:writer a server that is killed and restarted is ready at once, though its claim has not expired', async () => {
  const first = await shared.fixture.server(shared.url, times);
  const [leader] = await shared.fixture.joinInTurn(first, 2);
  await untilMirrored(shared.reader, first, 2);
  first.childProcess.kill('SIGKILL');
  await first.childProcess.exited;
  const left = await claim();
  expect(left).toBeDefined();
  const second = await shared.fixture.server(shared.url, times);
  expect((await readyz(second)).status).toBe(200);
  expect((await shared.fixture.join(second)).welcome).toMatchObject({ rank: 2, leader: { member: leader?.id } });
  await eventually(SEEN_MS, 'a claim with a larger epoch', async () =>
    ((await claim())?.epoch ?? 0) > (left?.epoch ?? Infinity) ? true : undefined,
  );
});

it('p:writer a claim from a clock that is ahead is passed at the start, and obeyed afterwards', async () => {
  const ahead = Date.now() + 3_600_000;
  const other = (epoch: number): string => JSON.stringify({ incarnation: 'other', epoch, server: 'elsewhere' });
  await shared.reader.set(WRITER, other(ahead), 'PX', 15_000);
  const server = await shared.fixture.server(shared.url, times);
  const joined = await shared.fixture.join(server);
  expect(numberIn(joined.welcome, 'epoch')).toBeGreaterThan(ahead);

  await shared.reader.set(WRITER, other(ahead * 2), 'PX', 1500);
  await expectStandby(server, [joined]);
  expect((await readyz(server)).body).toMatchObject({ reason: expect.stringContaining('elsewhere') });
  await untilStatus(server, 200, 15_000);
  const { welcome } = await shared.fixture.join(server, { resume: resumeOf(joined) });
  expect(welcome).toMatchObject({ resumed: true, rank: 0 });
  expect(numberIn(welcome, 'epoch')).toBeGreaterThan(ahead * 2);
});

it('p:writer a server that is cut off from Redis continues, and learns of the newer one once it reaches Redis', async () => {
  const proxy = await shared.fixture.proxy(shared.port);
  const first = await shared.fixture.server(`redis://127.0.0.1:${proxy.port}`, times);
  const members = await shared.fixture.joinInTurn(first, 2);
  await untilMirrored(shared.reader, first, 2);
  for (const direction of ['toServer', 'toClient'] as const) proxy.treat(direction, 'hold');
  const second = await shared.fixture.server(shared.url, times);
  const { welcome } = await shared.fixture.join(second, { resume: resumeOf(at(members, 0)) });
  expect(welcome).toMatchObject({ resumed: true, rank: 0 });
  await untilMirrored(shared.reader, second, 2);
  await at(members, 1).peer.barrier();
  expect((await readyz(first)).status).toBe(200);

  for (const direction of ['toServer', 'toClient'] as const) proxy.treat(direction, 'pass');
  await expectStandby(first, members);
  // This server has not overwritten the order of the other server.
  expect((await untilMirrored(shared.reader, second, 2)).epoch).toBe(numberIn(welcome, 'epoch'));
});

it('p:writer a server that began without Redis has the larger epoch, and its order replaces that of the older one', async () => {
  const first = await shared.fixture.server(shared.url, times);
  const members = await shared.fixture.joinInTurn(first, 2);
  await untilMirrored(shared.reader, first, 2);
  const proxy = await shared.fixture.proxy(shared.port);
  for (const direction of ['toServer', 'toClient'] as const) proxy.treat(direction, 'hold');
  const second = await shared.fixture.serverWithoutStore(`redis://127.0.0.1:${proxy.port}`);
  const { id } = await shared.fixture.join(second);
  expect((await readyz(first)).status).toBe(200);

  for (const direction of ['toServer', 'toClient'] as const) proxy.treat(direction, 'pass');
  expect(await second.childProcess.event('mirror.read-late')).toMatchObject({ groups: 1, members: 2 });
  await expectStandby(first, members);
  expect((await untilMirrored(shared.reader, second, 1)).order).toEqual([id]);
  expect((await readyz(second)).status).toBe(200);
});

it('p:writer an emptied Redis leaves the order where it is, with the claim written again', async () => {
  const first = await shared.fixture.server(shared.url, times);
  const second = await shared.fixture.server(shared.url, times);
  await untilStatus(first, 503);
  const { peer } = await shared.fixture.join(second);
  await untilMirrored(shared.reader, second, 1);
  const before = await claim();
  await shared.reader.flushall();
  await eventually(SEEN_MS, 'the claim again', async () =>
    (await claim())?.incarnation === before?.incarnation ? true : undefined,
  );
  await shared.fixture.join(second);
  await untilMirrored(shared.reader, second, 2);
  await peer.barrier();
  expect((await readyz(first)).status).toBe(503);
});

it('p:writer what no server has written is overwritten', async () => {
  await shared.reader.set(WRITER, '{"incarnation":');
  const server = await shared.fixture.server(shared.url, times);
  expect((await shared.fixture.join(server)).welcome).toMatchObject({ rank: 0 });
  await untilMirrored(shared.reader, server, 1);
  expect(await claim()).toMatchObject({ incarnation: expect.stringMatching(/^[0-9a-f]{24}$/) });
});

it('p:writer a larger stored epoch that no server renews is passed by a newer one, and every place is kept', async () => {
  const server = await shared.fixture.server(shared.url, times);
  const members = await shared.fixture.joinInTurn(server, 2);
  await untilMirrored(shared.reader, server, 2);
  const stored = Date.now() + 3_600_000;
  await shared.reader.hset('rankd:{default}:info', 'epoch', String(stored), 'view', '7');
  members.push(await shared.fixture.join(server));
  await server.childProcess.event('mirror.epoch-passed', undefined, SEEN_MS);
  expect(await byeOf(at(members, 1).peer)).toMatchObject({ code: 'UNAVAILABLE' });
  const { welcome } = await shared.fixture.join(server, { resume: resumeOf(at(members, 1)) });
  expect(welcome).toMatchObject({ resumed: true, rank: 1, size: 3 });
  expect(numberIn(welcome, 'epoch')).toBeGreaterThan(stored);
  expect((await rosterOf(server)).order).toEqual(members.map(({ id }) => id));
  await untilMirrored(shared.reader, server, 3);
  expect(await metricOf(server, 'rankd_mirror_conflicts_total')).toBe(0);
});
