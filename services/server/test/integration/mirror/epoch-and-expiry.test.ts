import { expect, it, jest } from '@jest/globals';
import { eventually } from '@rankd/testkit';
import { shareRedis, untilMirrored } from './mirror-fixture.js';

const EXPIRE_MS = 15_000;
/** The seats expire a little later than the other keys. */
const ORDER_TTL_MS = 17_000;
jest.setTimeout(2 * EXPIRE_MS);

const shared = shareRedis();

async function epochOfNewServer(group = 'default'): Promise<number> {
  const server = await shared.fixture.server(shared.url);
  const { welcome } = await shared.fixture.join(server, { group });
  await untilMirrored(shared.reader, server, 1, { group });
  server.childProcess.kill('SIGKILL');
  await server.childProcess.exited;
  // This test is about epochs: the next server must not restore members.
  await shared.reader.del(`rankd:{${group}}:seats`);
  return Number(welcome['epoch']);
}

it('a restarted server starts a larger epoch, even if the last one of any group is in the future', async () => {
  const first = await epochOfNewServer();
  expect(await shared.reader.get('rankd:{default}:epoch')).toBe(String(first));
  const future = Date.now() + 3_600_000;
  await shared.reader.set('rankd:{another}:epoch', String(future));
  const second = await epochOfNewServer();
  expect(second).toBeGreaterThan(future);
  await shared.reader.del('rankd:{another}:epoch');
  expect(await epochOfNewServer()).toBeGreaterThan(second);
});

it('data that no server has written does not count as an epoch', async () => {
  const nonsense = ['nonsense', '-5', '1.5', '1e300', '9007199254740993', 'Infinity', ''];
  await Promise.all(nonsense.map((text, index) => shared.reader.set(`rankd:{group-${index}}:epoch`, text)));
  await shared.reader.rpush('rankd:{list}:epoch', 'a', 'b');
  const epoch = await epochOfNewServer();
  expect(epoch).toBeGreaterThan(Date.now() - 60_000);
  expect(epoch).toBeLessThanOrEqual(Date.now());
});

it('invalid epoch keys do not prevent reading a valid one', async () => {
  const future = Date.now() + 3_600_000;
  await shared.reader.set('rankd:{another}:epoch', String(future));
  await Promise.all([0, 1, 2, 3].map(index => shared.reader.rpush(`rankd:{list-${index}}:epoch`, 'a')));
  expect(await epochOfNewServer()).toBeGreaterThan(future);
});

it('seats with a lifetime of one second do not expire while the server runs', async () => {
  const server = await shared.fixture.server(shared.url, { RANKD_ORDER_TTL_MS: '1000' });
  await shared.fixture.joinMany(server, 2);
  await untilMirrored(shared.reader, server, 2);
  const ttls: number[] = [];
  await eventually(4000, 'five renewals', async () => {
    ttls.push(await shared.reader.pttl('rankd:{default}:seats'));
    const renewals = ttls.filter((ttl, index) => ttl > (ttls[index - 1] ?? ttl));
    return renewals.length >= 5 ? true : undefined;
  });
  expect(Math.min(...ttls)).toBeGreaterThan(0);
});

it('another prefix has its own keys and epochs', async () => {
  const future = Date.now() + 3_600_000;
  await shared.reader.set('elsewhere:{default}:epoch', String(future));
  expect(await epochOfNewServer()).toBeLessThan(future);
});

it('on SIGTERM the order stays in the mirror until it expires', async () => {
  const server = await shared.fixture.server(shared.url);
  await shared.fixture.joinMany(server, 5);
  const table = await untilMirrored(shared.reader, server, 5);
  server.childProcess.kill('SIGTERM');
  expect(await server.childProcess.exited).toEqual({ code: 0, signal: null });
  expect(await shared.reader.zrange('rankd:{default}:ranks', '0', '-1')).toEqual(table.order);
});

it('a running server renews the keys; after kill -9 they expire within 15 s, then the seats expire, and only the epoch stays', async () => {
  const server = await shared.fixture.server(shared.url, { RANKD_ORDER_TTL_MS: String(ORDER_TTL_MS) });
  await shared.fixture.joinMany(server, 5);
  await untilMirrored(shared.reader, server, 5);
  expect(await longestTtl()).toBeLessThanOrEqual(EXPIRE_MS);
  await eventually(7000, 'keys to be used up', async () =>
    (await longestTtl()) < EXPIRE_MS - 3000 ? true : undefined,
  );
  await eventually(4000, 'keys to be renewed', async () =>
    (await longestTtl()) > EXPIRE_MS - 1000 ? true : undefined,
  );

  server.childProcess.kill('SIGKILL');
  await server.childProcess.exited;
  const untilKeys = async (count: number): Promise<string[]> => {
    await eventually(EXPIRE_MS + 2000, 'keys to expire', async () =>
      (await shared.reader.dbsize()) === count ? true : undefined,
    );
    return (await shared.reader.keys('*')).sort();
  };
  expect(await untilKeys(2)).toEqual(['rankd:{default}:epoch', 'rankd:{default}:seats']);
  expect(await untilKeys(1)).toEqual(['rankd:{default}:epoch']);
});

async function longestTtl(): Promise<number> {
  const names = ['ranks', 'members', 'info', 'events'];
  const ttls = await Promise.all(names.map(name => shared.reader.pttl(`rankd:{default}:${name}`)));
  expect(Math.min(...ttls)).toBeGreaterThan(0);
  return Math.max(...ttls);
}
