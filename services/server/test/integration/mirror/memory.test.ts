import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { eventually, parseLogLine, RawPeer } from '@rankd/testkit';
import { metricOf, MirrorFixture, rosterOf, type Server, untilMirrored } from './mirror-fixture.js';

/** Reliability R3: the changes that wait for Redis are bounded, for any number of changes and any outage. */

const FEW = 2000;
const MANY = 20_000;
/** 116 bytes for each change between the two measurements. A stored change, with its member, would take several times that. */
const GROWTH_BYTES_MAX = 2_097_152;
/** A closed session stays in memory for twice RANKD_SUSPEND_MS. This test does not measure that. */
const FORGETFUL = { RANKD_HEARTBEAT_MS: '200', RANKD_SUSPEND_MS: '500', RANKD_DEAD_MS: '60000' };
const FORGOTTEN_MS = 2 * 500 + 200;
const AT_ONCE = 100;
/** The mirror is complete 2 s after Redis is back; a busy machine takes longer. */
const RETURN_MS = 2000 + 8000;

jest.setTimeout(120_000);

let fixture: MirrorFixture;
beforeEach(() => {
  fixture = new MirrorFixture();
});
afterEach(() => fixture.dispose());

/** Two changes: a new member joins and leaves. */
async function comeAndGo({ port }: Server): Promise<void> {
  const peer = await RawPeer.connect(port);
  peer.send({ type: 'hello' }, { type: 'leave' });
  await peer.closed;
}

async function changeUntil(server: Server, view: number): Promise<void> {
  const missing = async (): Promise<number> => view - (await rosterOf(server)).view;
  for (let left = await missing(); left > 0; left = await missing()) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, Math.ceil(left / 2)) }, async () => comeAndGo(server)));
  }
}

/** The used heap after a garbage collection. */
async function heapBytes({ childProcess }: Server): Promise<number> {
  const told = (): number[] =>
    childProcess.lines.flatMap(line => {
      const fields = parseLogLine(line);
      return fields?.['event'] === 'heap' ? [Number(fields['bytes'])] : [];
    });
  const before = told().length;
  childProcess.kill('SIGUSR2');
  return await eventually(30_000, 'the heap', () => told()[before]);
}

it('R3 memory does not grow while Redis is unavailable, and Redis has the whole newest table afterwards', async () => {
  const redis = await fixture.redis();
  const reader = fixture.reader(redis.url);
  const loaded = pathToFileURL(resolve(__dirname, 'programs/tell-heap.mjs'));
  const server = await fixture.server(redis.url, { ...FORGETFUL, NODE_OPTIONS: `--import=${loaded.href}` });
  await fixture.joinInTurn(server, 10);
  await untilMirrored(reader, server, 10);

  await redis.childProcess.stop();
  await changeUntil(server, FEW);
  await new Promise(resolve => setTimeout(resolve, FORGOTTEN_MS));
  const few = await heapBytes(server);
  await changeUntil(server, MANY);
  const growth = await eventually(30_000, `growth below ${GROWTH_BYTES_MAX} bytes`, async () => {
    const bytes = (await heapBytes(server)) - few;
    return bytes < GROWTH_BYTES_MAX ? bytes : undefined;
  });
  console.log(`heap after ${FEW} changes: ${few} bytes; after ${MANY}: ${growth} more`);
  expect(await metricOf(server, 'rankd_mirror_lag_views')).toBeGreaterThanOrEqual(MANY - 10);

  redis.childProcess.kill('SIGCONT');
  const { view } = await untilMirrored(reader, server, 10, { deadlineMs: RETURN_MS });
  expect(view).toBeGreaterThanOrEqual(MANY);
});
