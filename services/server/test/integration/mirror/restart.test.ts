import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  at,
  byeOf,
  eventually,
  type Joined,
  numberIn,
  RawPeer,
  repository,
  resumeOf,
  startServer,
} from '@rankd/testkit';
import type { Redis } from 'ioredis';
import { MirrorFixture, readSeats, rosterOf, type Server, untilMirrored } from './mirror-fixture.js';
import { readTable } from './mirror-table.js';

/** R-VIEW-6: a restarted server restores the last order. */

jest.setTimeout(20_000);

const REFORM_MS = 1500;
const times = {
  RANKD_HEARTBEAT_MS: '300',
  RANKD_SUSPEND_MS: '1000',
  RANKD_DEAD_MS: '4000',
  RANKD_REFORM_MS: String(REFORM_MS),
};

let fixture: MirrorFixture;
let reader: Redis;
let url: string;
/** Stops or continues the process of Redis. */
let hang: (signal: 'SIGSTOP' | 'SIGCONT') => void;

beforeEach(async () => {
  fixture = new MirrorFixture();
  const redis = await fixture.redis();
  ({ url } = redis);
  hang = signal => redis.childProcess.kill(signal);
  reader = fixture.reader(url);
});
afterEach(() => fixture.dispose());

/** Three members after the second of four has left: slots 0, 2, 3. */
async function threeMembers(server: Server, group = 'default', store = reader): Promise<Joined[]> {
  const joined = await fixture.joinInTurn(server, 4, { group });
  at(joined, 1).peer.send({ type: 'leave' });
  await at(joined, 1).peer.closed;
  joined.splice(1, 1);
  await untilMirrored(store, server, 3, { group });
  return joined;
}

async function end(server: Server, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  server.childProcess.kill(signal);
  await server.childProcess.exited;
}

async function untilReady(server: Server): Promise<void> {
  await eventually(15_000, 'a server that is ready', async () =>
    (await fetch(`http://127.0.0.1:${server.httpPort}/readyz`)).status === 200 ? true : undefined,
  );
}

function rowsOf({ order, members }: Awaited<ReturnType<typeof rosterOf>>): unknown[] {
  return order.map(member => members[member]);
}

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'R-VIEW-6 after %s members that return keep member id, rank and slot, new ones rank behind, the others leave',
  async signal => {
    const first = await fixture.server(url, times);
    const joined = await threeMembers(first);
    await end(first, signal);

    const second = await fixture.server(url, times);
    const restored = await rosterOf(second);
    expect(restored.epoch).toBeGreaterThan(Number(at(joined, 0).welcome['epoch']));
    expect(rowsOf(restored)).toEqual(
      joined.map(({ id: member, welcome }) =>
        expect.objectContaining({ member, slot: welcome['slot'], state: 'away' }),
      ),
    );
    const { id: member, welcome } = at(joined, 1);
    const back = await fixture.join(second, { resume: { member, secret: welcome['resume'] } });
    expect(back.welcome).toMatchObject({ resumed: true, member, rank: 1, slot: 2, size: 3 });
    const fresh = await fixture.join(second);
    expect(fresh.welcome).toMatchObject({ resumed: false, rank: 3, slot: 1 });

    const table = await untilMirrored(reader, second, 2, { deadlineMs: REFORM_MS + 2000 });
    expect(table.order).toEqual([member, fresh.id]);
    expect((await readSeats(reader)).map(({ id, slot }) => [id, slot])).toEqual([
      [member, 2],
      [fresh.id, 1],
    ]);
  },
);

it('R-VIEW-6 a member with a wrong secret does not get a seat back', async () => {
  const first = await fixture.server(url, times);
  const { id: member } = at(await threeMembers(first), 1);
  await end(first, 'SIGKILL');
  const second = await fixture.server(url, times);
  const { welcome } = await fixture.join(second, { resume: { member, secret: 'wrong' } });
  expect(welcome).toMatchObject({ resumed: false, rank: 3 });
});

it('R-VIEW-6 the order is restored after a second restart too, each group in a larger epoch', async () => {
  const first = await fixture.server(url, times);
  const groups = ['one', 'two'];
  for (const group of groups) await threeMembers(first, group);
  await end(first, 'SIGKILL');
  const second = await fixture.server(url, times);
  for (const group of groups) await untilMirrored(reader, second, 3, { group });
  const before = await Promise.all(groups.map(group => rosterOf(second, group)));
  await end(second, 'SIGKILL');
  const third = await fixture.server(url, times);
  for (const [index, group] of groups.entries()) {
    const roster = await rosterOf(third, group);
    expect(roster.order).toEqual(at(before, index).order);
    expect(roster.epoch).toBeGreaterThan(Math.max(...before.map(({ epoch }) => epoch)));
  }
});

it('R-VIEW-6 without its seats a group is not restored', async () => {
  const first = await fixture.server(url, times);
  await threeMembers(first);
  await end(first, 'SIGKILL');
  await reader.del('rankd:{default}:seats');
  expect((await fixture.join(await fixture.server(url, times))).welcome).toMatchObject({ rank: 0, size: 1 });
});

describe('data that no server has written', () => {
  const seat = (id: string, slot: unknown, own: object = {}): string =>
    JSON.stringify({ id, name: id, tags: {}, address: '1.2.3.4:5', joinedAt: 1, slot, secretHash: 'h', ...own });

  async function restoredFrom(seats: Readonly<Record<string, string>>): Promise<string[]> {
    await reader.hset('rankd:{default}:seats', seats);
    const server = await fixture.server(url, times);
    const response = await fetch(`http://127.0.0.1:${server.httpPort}/api/groups/default`);
    const { members = [] } = (await response.json()) as { members?: { rank: number; member: string; slot: number }[] };
    expect((await fetch(`http://127.0.0.1:${server.httpPort}/healthz`)).status).toBe(200);
    expect(members.map(({ rank }) => rank)).toEqual(members.map((_, index) => index));
    return members.map(({ member, slot }) => `${member} ${slot}`);
  }

  it('is left out of the order, and the other members are restored', async () => {
    const bad = {
      junk: '{"id":"junk"',
      list: '[]',
      null: 'null',
      other: seat('another', 20),
      text: seat('text', '21'),
      minus: seat('minus', -1),
      huge: seat('huge', 1e9),
      same: seat('same', 5),
      bare: '{"id":"bare","slot":22}',
      tags: seat('tags', 23, { tags: { zone: 1 } }),
      named: seat('named', 24, { name: 'a\nb' }),
      long: seat('long', 25, { name: 'x'.repeat(65) }),
      many: seat('many', 26, { tags: Object.fromEntries(Array.from({ length: 17 }, (_, tag) => [`t${tag}`, ''])) }),
      place: seat('place', 27, { address: 'some\x1bwhere' }),
      hash: seat('hash', 28, { secretHash: 7 }),
      born: seat('born', 29, { joinedAt: 9e15 }),
    };
    const good = { last: seat('last', 0), first: seat('first', 5), unlisted: seat('unlisted', 6) };
    const order = ['first', ...Object.keys(bad), 'nobody', '__proto__', '#order', '', 'last', 'first'];
    expect(await restoredFrom({ ...bad, ...good, '#order': order.join(' ') })).toEqual(['first 5', 'last 0']);
  });

  it('is no group without an order, or with an empty order', async () => {
    await reader.hset('rankd:{one}:seats', { a: seat('a', 0) });
    await reader.hset('rankd:{two}:seats', { a: seat('a', 0), '#order': ' ' });
    await reader.hset('rankd:{three}:seats', { '#order': '\0 \n {} [] #order' });
    expect(await restoredFrom({ a: 'junk', '#order': 'a' })).toEqual([]);
    expect(await reader.keys('*:info')).toEqual([]);
  });

  it('does not prevent restoring another group', async () => {
    await reader.set('rankd:{text}:seats', 'x');
    await reader.rpush('rankd:{list}:seats', 'x');
    await reader.hset('rankd:{a b}:seats', { a: seat('a', 0), '#order': 'a' });
    await reader.hset('rankd:{x}:{default}:seats', { a: seat('a', 0), '#order': 'a' });
    await reader.hset('elsewhere:{default}:seats', { a: seat('a', 0), '#order': 'a' });
    expect(await restoredFrom({ b: seat('b', 3), '#order': 'b' })).toEqual(['b 3']);
  });

  it('keeps the first N members if the limit is lower now, and at most as many groups as the limit', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const seats = { ...Object.fromEntries(ids.map((id, slot) => [id, seat(id, 9 - slot)])), '#order': ids.join(' ') };
    for (const group of ['one', 'two', 'three']) await reader.hset(`rankd:{${group}}:seats`, seats);
    const server = await fixture.server(url, { ...times, RANKD_MEMBERS_MAX: '3', RANKD_GROUPS_MAX: '2' });
    const response = await fetch(`http://127.0.0.1:${server.httpPort}/api/groups`);
    const { groups } = (await response.json()) as { groups: { group: string; size: number }[] };
    expect(groups.map(({ size }) => size)).toEqual([3, 3]);
    expect((await rosterOf(server, at(groups, 0).group)).order).toEqual(['a', 'b', 'c']);
  });
});

it('R-VIEW-6 a Redis that hangs delays no listening, and no newcomer leads before it was read or the wait is over', async () => {
  const first = await fixture.server(url, times);
  const [leader] = await threeMembers(first);
  await end(first, 'SIGKILL');
  hang('SIGSTOP');
  const second = await fixture.server(url, { ...times, RANKD_REFORM_MS: '60000' });
  const stranger = await RawPeer.connect(second.port);
  stranger.send({ type: 'hello' });
  expect(await byeOf(stranger)).toMatchObject({ code: 'UNAVAILABLE', retry: true, retryAfterMs: 500 });
  const readyz = await fetch(`http://127.0.0.1:${second.httpPort}/readyz`);
  expect(readyz.status).toBe(503);
  expect(await readyz.json()).toMatchObject({ ready: false, state: 'starting', mirror: { state: 'down' } });

  hang('SIGCONT');
  await untilReady(second);
  expect((await fixture.join(second)).welcome).toMatchObject({ rank: 3, leader: { member: leader?.id } });
});

it('R-VIEW-6 a Redis that loads its data is waited for, and then has the order', async () => {
  const dump = ['--dbfilename', `${process.pid}.rdb`, '--dir', tmpdir()];
  const redis = await fixture.redis({ args: dump });
  const first = await fixture.server(redis.url, times);
  const [leader] = await threeMembers(first, 'default', fixture.reader(redis.url));
  await end(first, 'SIGKILL');
  await fixture.reader(redis.url).save();
  redis.childProcess.kill('SIGKILL');
  await redis.childProcess.exited;
  // This Redis loads for 2 s. It answers between two keys. A command that comes during a delay times out.
  const slowly = ['--key-load-delay', '300000', '--loading-process-events-interval-bytes', '1024'];
  const loaded = fixture.redis({ port: redis.port, args: [...dump, ...slowly] });
  const second = await fixture.server(redis.url, { ...times, RANKD_REFORM_MS: '60000' });
  expect((await second.childProcess.event('mirror.unread'))['reason']).toMatch(/LOADING|ECONNREFUSED|timed out/);
  await loaded;
  await untilReady(second);
  expect((await fixture.join(second)).welcome).toMatchObject({ rank: 3, leader: { member: leader?.id } });
  await rm(join(tmpdir(), `${process.pid}.rdb`));
});

it('R-VIEW-6 a password that is corrected in time is enough for the order to stand again', async () => {
  const redis = await fixture.redis();
  const store = fixture.reader(redis.url);
  const first = await fixture.server(redis.url, times);
  const [leader] = await threeMembers(first, 'default', store);
  await end(first, 'SIGKILL');
  await store.acl('SETUSER', 'rankd', 'on', '>other', '~*', '&*', '+@all');
  const withPassword = `redis://rankd:right@127.0.0.1:${redis.port}`;
  const second = await fixture.server(withPassword, { ...times, RANKD_REFORM_MS: '60000' });
  expect((await second.childProcess.event('mirror.unread'))['reason']).toContain('WRONGPASS');
  await store.acl('SETUSER', 'rankd', '>right');
  await eventually(4000, 'a server that is ready', async () =>
    (await fetch(`http://127.0.0.1:${second.httpPort}/readyz`)).status === 200 ? true : undefined,
  );
  expect((await fixture.join(second)).welcome).toMatchObject({ rank: 3, leader: { member: leader?.id } });
});

it('R-JOIN-1 R-VIEW-6 the epoch of a restored group rises above one that a client has held, and Redis has it', async () => {
  const first = await fixture.server(url, times);
  const joined = await threeMembers(first);
  await end(first, 'SIGKILL');
  const second = await fixture.server(url, { ...times, RANKD_REFORM_MS: '10000' });
  const { peer: observer, welcome: restored } = await fixture.join(second, { role: 'observer' });
  const held = numberIn(restored, 'epoch') + 1;
  const fresh = await fixture.join(second, { resume: { member: 'lost', secret: 'lost', epoch: held } });
  expect(fresh.welcome).toMatchObject({ rank: 3, size: 4, resumed: false });
  const epoch = numberIn(fresh.welcome, 'epoch');
  expect(epoch).toBeGreaterThan(held);
  expect(await observer.next('view')).toMatchObject({ epoch, size: 4, reset: true });
  const back = await fixture.join(second, { resume: resumeOf(at(joined, 1)) });
  expect(back.welcome).toMatchObject({ rank: 1, slot: 2, epoch, resumed: true });
  await untilMirrored(reader, second, 4);
  expect(await reader.get('rankd:{default}:epoch')).toBe(String(epoch));
});

it('R-VIEW-6 what Redis held is not written over while it is unread; read too late it is logged, passed and replaced', async () => {
  const first = await fixture.server(url, times);
  const joined = await threeMembers(first);
  await threeMembers(first, 'over');
  await end(first, 'SIGKILL');
  const future = Date.now() + 3_600_000;
  await reader.set('rankd:{default}:epoch', String(future));
  hang('SIGSTOP');
  const second = await fixture.server(url, times);
  await second.childProcess.event('mirror.given-up');
  const fresh = await fixture.join(second);
  expect(fresh.welcome).toMatchObject({ rank: 0, size: 1 });

  hang('SIGCONT');
  expect(await second.childProcess.event('mirror.read-late')).toMatchObject({ groups: 2, members: 6, epoch: future });
  // Members of an epoch that has been passed resume in the new one.
  expect(await byeOf(fresh.peer)).toMatchObject({ code: 'UNAVAILABLE' });
  const { welcome, id } = await fixture.join(second, { resume: resumeOf(fresh) });
  expect(welcome).toMatchObject({ resumed: true, rank: 0, size: 1 });
  expect(numberIn(welcome, 'epoch')).toBeGreaterThan(future);
  expect((await untilMirrored(reader, second, 1)).order).toEqual([id]);
  expect(joined.map(member => member.id)).not.toContain(id);
  await eventually(2000, 'no seats of the other group', async () =>
    (await reader.exists('rankd:{over}:seats')) === 0 ? true : undefined,
  );
});

it('R-VIEW-6 a group whose stored leader cannot be read has no members until the wait is over, and others do', async () => {
  const broken = ['junk', 'no-order', 'text'];
  await reader.hset('rankd:{junk}:seats', 'm', '{"id":', '#order', 'm');
  await reader.hset('rankd:{no-order}:seats', 'm', '{}');
  await reader.set('rankd:{text}:seats', 'x');
  const server = await fixture.server(url, times);
  for (const group of broken) {
    const peer = await RawPeer.connect(server.port);
    peer.send({ type: 'hello', group });
    expect(await byeOf(peer)).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 500 });
  }
  expect((await fixture.join(server)).welcome).toMatchObject({ rank: 0 });
  const readyz = await fetch(`http://127.0.0.1:${server.httpPort}/readyz`);
  expect(readyz.status).toBe(503);
  expect(((await readyz.json()) as { reason: string }).reason).toContain('no-order');
  const { groups } = await server.childProcess.event('mirror.unreadable');
  expect((groups as string[]).sort()).toEqual(broken);
  await untilReady(server);
  for (const group of broken) {
    expect((await fixture.join(server, { group })).welcome).toMatchObject({ rank: 0 });
    await untilMirrored(reader, server, 1, { group });
  }
});

it('a second server that cannot listen on the port does not change the mirror of the first', async () => {
  const first = await fixture.server(url, times);
  const joined = await threeMembers(first);
  // A name, not an address: a write would be sent while it is looked up.
  const host = { RANKD_HOST: '127.1', RANKD_ALLOW_ANONYMOUS: '1' };
  const second = startServer(repository, { ...host, RANKD_PORT: String(first.port), RANKD_REDIS_URL: url });
  expect((await second.exited).code).toBe(1);
  expect(await readTable(reader)).toEqual(await rosterOf(first));
  at(joined, 1).peer.destroy();
  await untilMirrored(reader, first, 2);
  await eventually(2000, 'two seats', async () => ((await readSeats(reader)).length === 2 ? true : undefined));
});
