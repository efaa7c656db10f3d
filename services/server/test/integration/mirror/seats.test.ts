import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { at, eventually } from '@rankd/testkit';
import type { Redis } from 'ioredis';
import { hashOf, MirrorFixture, readSeats, type Server, untilMirrored } from './mirror-fixture.js';
import { readTable } from './mirror-table.js';

/** R-VIEW-6: the seats that Redis keeps, from which a restarted server restores the order. */

jest.setTimeout(20_000);

let fixture: MirrorFixture;
let server: Server;
let reader: Redis;

beforeAll(async () => {
  ({ fixture, reader, server } = await MirrorFixture.open());
});
afterAll(() => fixture.dispose());

it('has every member by rank, with its slot and the hash of its secret, and the secret is nowhere in Redis', async () => {
  const group = 'contents';
  const joined = await fixture.joinInTurn(server, 4, { group, name: 'ann', tags: { zone: 'a' } });
  at(joined, 1).peer.send({ type: 'leave' });
  await untilMirrored(reader, server, 3, { group });
  joined.splice(1, 1);
  const seats = joined.map(({ id: member, welcome }) => ({
    id: member,
    name: 'ann',
    tags: { zone: 'a' },
    address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    joinedAt: expect.any(Number),
    slot: welcome['slot'],
    secretHash: hashOf(welcome['resume']),
  }));
  expect(await readSeats(reader, group)).toEqual(seats);
  expect(seats.map(({ slot }) => slot)).toEqual([0, 2, 3]);

  const everything = await dump();
  expect(everything).toContain(hashOf(at(joined, 0).welcome['resume']));
  for (const { welcome } of joined) expect(everything).not.toContain(String(welcome['resume']));
});

/** The content of all keys in Redis, as text. */
async function dump(): Promise<string> {
  const keys = await reader.keys('*');
  const dumps = await Promise.all(
    keys.map(async key => {
      switch (await reader.type(key)) {
        case 'hash':
          return await reader.hgetall(key);
        case 'zset':
          return await reader.zrange(key, '0', '-1');
        case 'stream':
          return await reader.xrange(key, '-', '+');
        default:
          return await reader.get(key);
      }
    }),
  );
  return JSON.stringify([keys, dumps]);
}

it('has the new secret of a member that took back its seat while its old session was open; the view is the same', async () => {
  const group = 'resumed';
  const { peer, id: member, welcome } = at(await fixture.joinInTurn(server, 2, { group }), 1);
  await untilMirrored(reader, server, 2, { group });
  const again = await fixture.join(server, { group, resume: { member, secret: welcome['resume'] } });
  expect(again.welcome).toMatchObject({ resumed: true, member, view: 2 });
  expect((await peer.next('bye'))['code']).toBe('REPLACED');
  const hash = hashOf(again.welcome['resume']);
  await eventually(2000, 'the hash of the new secret', async () =>
    at(await readSeats(reader, group), 1)['secretHash'] === hash ? true : undefined,
  );
  expect((await readTable(reader, group))?.view).toBe(2);
});

it('are deleted when all members have left', async () => {
  const group = 'ended';
  const joined = await fixture.joinInTurn(server, 2, { group });
  await untilMirrored(reader, server, 2, { group });
  expect(await readSeats(reader, group)).toHaveLength(2);
  for (const { peer } of joined) peer.send({ type: 'leave' });
  await eventually(2000, 'no seats', async () =>
    (await reader.exists(`rankd:{${group}}:seats`)) === 0 ? true : undefined,
  );
});

it('are complete again after they were deleted', async () => {
  const group = 'deleted';
  await fixture.joinInTurn(server, 3, { group });
  await untilMirrored(reader, server, 3, { group });
  await reader.del(`rankd:{${group}}:seats`);
  await fixture.join(server, { group });
  await untilMirrored(reader, server, 4, { group });
  expect(await readSeats(reader, group)).toHaveLength(4);
});
