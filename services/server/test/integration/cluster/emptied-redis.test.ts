/** K6: servers that wait for a cluster that Redis has lost, and the decision of an operator. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { at, eventually, type Frame, numberIn, type ProcessServer, within } from '@rankd/testkit';
import { Redis } from 'ioredis';
import { inCluster, readinessOf, untilReadiness } from './cluster-fixture.js';

jest.setTimeout(120_000);

const WITHIN_MS = 30_000;
const ADMIN = { RANKD_ADMIN_TOKEN: 'boss', RANKD_REFORM_MS: '1500' };
let folder: string;

beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'rankd-emptied-'))));
afterAll(async () => await rm(folder, { recursive: true }));

async function stateDirectory(name: string): Promise<Readonly<Record<string, string>>> {
  return { RANKD_STATE_DIR: await mkdtemp(join(folder, name)) };
}

/** Waits until the server waits for a lost cluster. Returns the reason. */
async function untilWaiting(server: ProcessServer): Promise<string> {
  return await eventually(WITHIN_MS, 'the server to wait', async () => {
    const { status, cluster } = await readinessOf(server);
    return status === 503 && cluster['state'] === 'waiting' ? String(cluster['reason']) : undefined;
  });
}

/** Sends what `rankctl servers adopt` sends. Returns the receipt, or the bye. */
async function adopt(server: ProcessServer, token: string): Promise<Frame> {
  const peer = await server.connect();
  peer.send({ type: 'hello', role: 'observer', token, require: ['adopt'] });
  const first = await peer.until(({ type }) => type === 'welcome' || type === 'bye', WITHIN_MS, 'an answer');
  if (first['type'] === 'bye') return first;
  peer.send({ type: 'admin', action: 'adopt', id: 'a' });
  return await peer.until(({ type }) => type === 'receipt', WITHIN_MS, 'a receipt');
}

describe('K6 an emptied Redis', () => {
  it('begins no second order: all wait, also servers started on it, until an operator decides at one of them', async () => {
    await inCluster([0, ADMIN], async fixture => {
      const [one, two] = [await stateDirectory('one'), await stateDirectory('two')];
      await fixture.add(one);
      await fixture.add(two);
      const [member] = await fixture.joinInTurn(2, 'default');
      const epoch = numberIn(member?.welcome ?? { type: '' }, 'epoch');
      const redis = new Redis({ port: fixture.redis.port, host: '127.0.0.1' });
      const identity = await redis.hget('rankd:cfg', 'clusterId');
      await redis.flushall();
      for (const server of fixture.servers) expect(await untilWaiting(server)).toContain(`cluster ${identity ?? ''}`);
      // A server without state looks for others, and finds them.
      const fresh = await fixture.add();
      expect(await untilWaiting(fresh)).toContain('waits');
      // A server that has served the cluster waits by itself, also if it is the only one.
      await Promise.all(fixture.servers.map(async server => await server.dispose()));
      await redis.flushall();
      const again = await fixture.add(two);
      const other = await fixture.add(one);
      expect(await untilWaiting(again)).toContain(`cluster ${identity ?? ''}`);
      expect(await redis.exists('rankd:cfg')).toBe(0);
      expect(again.logLines.filter(({ event }) => event === 'log.unusable')).toHaveLength(1);
      const hello = await again.connect();
      hello.send({ type: 'hello', token: 'boss' });
      expect((await within(WITHIN_MS, 'its bye', hello.closed)).bye).toMatchObject({ code: 'UNAVAILABLE' });
      expect(await adopt(again, 'wrong')).toMatchObject({ type: 'bye', code: 'UNAUTHORIZED' });
      expect(await adopt(again, 'boss')).toMatchObject({ type: 'receipt', accepted: true });
      for (const server of [again, other]) await untilReadiness(server, 200, WITHIN_MS);
      expect(await redis.hmget('rankd:cfg', 'replaces')).toEqual([identity]);
      expect((await again.join({ group: 'default' })).welcome['epoch']).toBeGreaterThan(epoch);
      expect(await adopt(again, 'boss')).toMatchObject({ type: 'bye', code: 'UNSUPPORTED' });
      const state = JSON.parse(await readFile(join(two.RANKD_STATE_DIR ?? '', 'cluster.json'), 'utf8')) as Frame;
      expect(state['cluster']).toBe(await redis.hget('rankd:cfg', 'clusterId'));
      redis.disconnect();
    });
  });

  it('never gets an epoch below one that a server has served, also if its clock is behind', async () => {
    await inCluster([0, ADMIN], async fixture => {
      const own = await stateDirectory('clock');
      const ahead = Date.now() + 86_400_000;
      const directory = own['RANKD_STATE_DIR'] ?? '';
      const served = { version: 1, prefix: 'rankd', cluster: 'gone', epoch: ahead, shards: [] };
      await writeFile(join(directory, 'cluster.json'), JSON.stringify(served));
      const server = await fixture.add(own);
      await untilWaiting(server);
      expect(await adopt(server, 'boss')).toMatchObject({ accepted: true });
      await untilReadiness(server, 200, WITHIN_MS);
      expect((await server.join({ group: 'default' })).welcome['epoch']).toBeGreaterThan(ahead);
      await eventually(WITHIN_MS, 'the epoch in the file', async () => {
        const text = await readFile(join(directory, 'cluster.json'), 'utf8');
        return (JSON.parse(text) as { epoch: number }).epoch > ahead ? true : undefined;
      });
      expect(at(fixture.servers, 0).logLines.some(({ event }) => event === 'cluster.adopted')).toBe(true);
    });
  });
});

it('K6 a server without state looks for others before it creates a cluster, and says so', async () => {
  await inCluster([0, ADMIN], async fixture => {
    const startedMs = Date.now();
    const server = await fixture.add();
    await untilReadiness(server, 200, WITHIN_MS);
    expect(Date.now() - startedMs).toBeGreaterThan(1500);
    expect(server.logLines.some(({ event }) => event === 'cluster.looking')).toBe(true);
  });
});
