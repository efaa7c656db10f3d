import { expect, it } from '@jest/globals';
import { ConnectionHealth } from '../../../src/mirror/connection-health.js';
import { MirrorConnection } from '../../../src/mirror/mirror-connection.js';
import type { MirrorSettings } from '../../../src/mirror/settings.js';
import { parseRedisAddress } from '../../../src/redis/redis-address.js';
import { FakeClock } from '../gateway/fake-clock.js';

it('R-VIEW-6 a read of the last order fails 2 s after it was asked if there is no connection (READY_MS)', async () => {
  const clock = new FakeClock();
  const health = new ConnectionHealth('redis', () => undefined);
  const settings = { address: parseRedisAddress('redis://127.0.0.1:1'), prefix: 'rankd' } as MirrorSettings;
  const connection = new MirrorConnection(settings, clock, health, () => undefined);
  health.recordFailure(new Error('connect ECONNREFUSED'));
  let failure: unknown;
  const read = connection.readRestoredOrder().catch((error: unknown) => (failure = error));
  clock.pass(1999);
  await new Promise(setImmediate);
  expect(failure).toBeUndefined();
  clock.pass(1);
  await read;
  expect(failure).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
  connection.close();
});
