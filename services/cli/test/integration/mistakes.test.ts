import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Mistake, mistakes } from '@rankd/protocol';
import { DevelopmentCertificates, type LaunchedServer, launchServer, repository } from '@rankd/testkit';
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

describe('rankctl names the mistake in the address of the side port, and of a server to measure', () => {
  it.each<[string, () => string, RegExp]>([
    ['the port for members', () => `http://127.0.0.1:${server.port}`, /does not speak HTTP/],
    ['https://', () => `https://127.0.0.1:${server.httpPort}`, /does not use TLS: write http:/],
  ])('%s', async (_, http, what) => {
    const { code, stderr } = await new Rankctl(['servers', '--http', http()]).end();
    expect([code, stderr]).toEqual([1, expect.stringMatching(what)]);
    expect(stderr).toMatch(/^rankctl: no side port answers at [^\n]*--http\n$/);
  });

  it('a proxy with TLS whose CA Node does not know, or with another name', async () => {
    const certificates = await DevelopmentCertificates.make(repository);
    const proxy = createHttpsServer(await certificates.identity('server'), (_, answer) => answer.end('{"groups":[]}'));
    try {
      await once(proxy.listen(0), 'listening');
      const { port } = proxy.address() as AddressInfo;
      const groupsOf = async (host: string, env = {}): Promise<readonly [number | null, string]> => {
        const { code, stderr } = await new Rankctl(['groups', '--http', `https://${host}:${port}`], env).end();
        return [code, stderr];
      };
      const known = { NODE_EXTRA_CA_CERTS: certificates.path('ca.pem') };
      expect(await groupsOf('127.0.0.1')).toEqual([
        1,
        `rankctl: the side port at https://127.0.0.1:${port}: ${mistakes.CA_UNKNOWN.meaning}: name the file with its CA in NODE_EXTRA_CA_CERTS\n`,
      ]);
      expect(await groupsOf('127.0.0.1', known)).toEqual([0, '']);
      expect(await groupsOf('127.0.0.2', known)).toEqual([1, expect.stringContaining(mistakes.HOST_MISMATCH.meaning)]);
    } finally {
      proxy.close();
      await certificates.dispose();
    }
  });

  it('bench with the side port', async () => {
    const { code, stderr } = await new Rankctl(['bench', '--url', `rankd://127.0.0.1:${server.httpPort}`]).end();
    expect([code, stderr]).toEqual([1, expect.stringContaining(mistakes.HTTP_SERVER.remedy)]);
    expect(stderr).toMatch(/^rankctl: [^\n]*\n$/);
  });
});
