/** `rankctl servers adopt`: its answers and exit codes. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  type LaunchedRedis,
  type LaunchedServer,
  launchRedis,
  launchServer,
  repository,
} from '@rankd/testkit';
import { type Ended, Rankctl } from './rankctl.js';

const WITHIN_MS = 20_000;
const TOKENS = { RANKD_ADMIN_TOKEN: 'boss', RANKD_TOKEN: 'friend' };

let redis: LaunchedRedis;
let server: LaunchedServer;

beforeAll(async () => {
  redis = await launchRedis();
  const env = { RANKD_MODE: 'cluster', RANKD_REDIS_URL: redis.url, RANKD_SHARDS: '1', ...TOKENS };
  server = await launchServer(repository, env);
});
afterAll(async () => {
  await server.childProcess.dispose();
  await redis.dispose();
});

async function adopt(...args: string[]): Promise<Ended> {
  const url = `rankd://127.0.0.1:${server.port}`;
  return await new Rankctl(['servers', 'adopt', '--url', url, ...args], {}).end();
}

async function untilStatus(status: number): Promise<void> {
  await eventually(WITHIN_MS, `readiness ${status}`, async () => {
    const answer = await fetch(`http://127.0.0.1:${server.httpPort}/readyz`);
    return answer.status === status ? true : undefined;
  });
}

describe('servers adopt', () => {
  it('is refused by a server that does not wait, with what to do', async () => {
    expect(await adopt('--token', 'boss')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^rankctl: this server does not wait for a lost cluster: see the state/),
    });
    const { code, stdout } = await adopt('--token', 'boss', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([1, { error: expect.objectContaining({ code: 'UNSUPPORTED' }) }]);
  });

  it('is a usage error with --http, and with another action', async () => {
    expect(await adopt('--http', 'http://127.0.0.1:1')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--url/),
    });
    expect(await new Rankctl(['servers', 'drop'], {}).end()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/adopt/),
    });
  });

  it('with the admin token only makes a waiting server accept the emptied Redis; until then ls reports that the server accepts no sessions', async () => {
    const connection = connect(redis.port, '127.0.0.1');
    connection.write('FLUSHALL\r\n');
    await once(connection, 'data');
    connection.destroy();
    await untilStatus(503);
    await eventually(WITHIN_MS, 'the server to wait', () =>
      server.childProcess.output.includes('rankctl servers adopt') ? true : undefined,
    );
    const ls = await new Rankctl(['ls', '--url', `rankd://127.0.0.1:${server.port}`, '--token', 'boss'], {}).end();
    expect(ls).toMatchObject({ code: 1, stderr: expect.stringMatching(/accepts no sessions/) });
    for (const token of ['friend', 'wrong']) {
      expect(await adopt('--token', token)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/token/),
      });
    }
    const { code, stdout } = await adopt('--token', 'boss', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([0, { adopted: true, server: expect.any(String) }]);
    await untilStatus(200);
  });
});
