import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Mistake, mistakes } from '@rankd/protocol';
import { type LaunchedServer, launchServer, repository } from '@rankd/testkit';
import { Rankctl } from './rankctl.js';

let server: LaunchedServer;
let redis: Server;

beforeAll(async () => {
  server = await launchServer(repository);
  redis = createServer(socket => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end("-ERR unknown command '{'\r\n"));
  });
  redis.listen(0, '127.0.0.1');
  await once(redis, 'listening');
});
afterAll(async () => {
  redis.close();
  await server.childProcess.dispose();
});

describe('rankctl names the mistake and what to do, on one line', () => {
  it.each<[string, Mistake, () => string]>([
    ['no server', 'PORT_CLOSED', () => 'rankd://127.0.0.1:1'],
    ['the side port', 'HTTP_SERVER', () => `rankd://127.0.0.1:${server.httpPort}`],
    ['rankds:// to a port without TLS', 'TLS_NOT_SPOKEN', () => `rankds://127.0.0.1:${server.port}`],
    ['a Redis server', 'OTHER_PROTOCOL', () => `rankd://127.0.0.1:${(redis.address() as AddressInfo).port}`],
  ])('%s', async (_, mistake, url) => {
    const { code, stderr } = await new Rankctl(['ls', '--url', url()]).end();
    const { meaning, remedy } = mistakes[mistake];
    expect(code).toBe(1);
    expect(stderr).toMatch(/^rankctl: [^\n]*\n$/);
    expect(stderr).toContain(mistake === 'PORT_CLOSED' ? 'connection refused' : meaning);
    expect(stderr).toContain(remedy);
  });
});
