import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  at,
  byeOf,
  DevelopmentCertificates,
  eventually,
  MACHINE_MS,
  parseLogLine,
  ProcessServer,
  repository,
  textIn,
  within,
} from '@rankd/testkit';

jest.setTimeout(30_000);

const HELLO_TIMEOUT_MS = 500;

let certificates: DevelopmentCertificates;
let strangers: DevelopmentCertificates;
/** The CA that a client trusts. */
let trust: ConnectionOptions;
const launched: ProcessServer[] = [];

beforeAll(async () => {
  certificates = await DevelopmentCertificates.make(repository);
  strangers = await DevelopmentCertificates.make(repository);
  trust = { ca: await certificates.text('ca.pem') };
});
afterEach(async () => {
  await Promise.all(launched.splice(0).map(server => server.dispose()));
});
afterAll(async () => {
  await Promise.all([certificates.dispose(), strangers.dispose()]);
});

async function launch(env: Readonly<Record<string, string>> = {}): Promise<ProcessServer> {
  const server = await ProcessServer.launch({
    RANKD_TLS_CERT: certificates.path('server.pem'),
    RANKD_TLS_KEY: certificates.path('server-key.pem'),
    RANKD_HELLO_TIMEOUT_MS: String(HELLO_TIMEOUT_MS),
    ...env,
  });
  launched.push(server);
  return server;
}

const mutual = (): Record<string, string> => ({ RANKD_TLS_CA: certificates.path('ca.pem') });

/** A peer without TLS, and everything that it receives. */
function plain(server: ProcessServer, bytes: string | Buffer): { socket: Socket; taken: Promise<Buffer> } {
  const socket = connect({ port: server.port, host: '127.0.0.1' }, () => socket.write(bytes));
  const chunks: Buffer[] = [];
  socket.on('data', chunk => chunks.push(chunk)).on('error', () => undefined);
  return { socket, taken: once(socket, 'close').then(() => Buffer.concat(chunks)) };
}

const refusals = (server: ProcessServer): Record<string, unknown>[] =>
  server.childProcess.lines
    .flatMap((line): Record<string, unknown>[] => {
      const fields = parseLogLine(line);
      return fields === undefined ? [] : [fields];
    })
    .filter(({ event }) => event === 'session.refused');

describe('sessions over TLS', () => {
  it('work as over TCP: ranks, commands longer than a record, departures with and without close_notify', async () => {
    const server = await launch();
    const first = await server.join({}, { tls: trust });
    const second = await server.join({}, { tls: trust });
    const third = await server.join({}, { tls: trust });
    const args = 'x'.repeat(60_000);
    first.peer.send({ type: 'command', id: '1', name: 'print', args, reply: 'none' });
    expect(await third.peer.next('command')).toMatchObject({ args, from: { rank: 0 } });
    first.peer.fin();
    expect(await third.peer.next('view', 1000)).toMatchObject({ rank: 1, was: 2 });
    second.peer.destroy();
    expect(await third.peer.next('view', 1000)).toMatchObject({ rank: 0, was: 1 });
    third.peer.send({ type: 'leave' });
    expect(await byeOf(third.peer)).toMatchObject({ code: 'LEFT' });
    expect(await server.childProcess.event('listening')).toMatchObject({ transport: 'tls' });
  });

  it('are rejected below TLS 1.3', async () => {
    const server = await launch();
    const old = server.connect({ tls: { ...trust, maxVersion: 'TLSv1.2' } });
    await expect(old).rejects.toThrow(/protocol version/);
  });

  it('end for a peer that is behind, as over TCP', async () => {
    const server = await launch({ RANKD_BACKLOG_BYTES_MAX: '262144', RANKD_STALL_MS: '500' });
    const leader = await server.join({}, { tls: trust });
    const slow = await server.join({}, { tls: trust });
    slow.peer.pause();
    const args = 'x'.repeat(60_000);
    for (let id = 0; id < 200; id += 1) {
      leader.peer.send({ type: 'command', id: `${id}`, name: 'print', args, reply: 'none' });
    }
    const { reason } = await server.childProcess.event('member.left');
    expect(reason).toBe('SLOW_CONSUMER');
  });
});

describe('a handshake that fails', () => {
  it.each([
    ['plain text', '{"type":"hello"}\n'],
    ['an HTTP request', 'GET / HTTP/1.1\r\n\r\n'],
    ['a broken client hello', Buffer.concat([Buffer.from([0x16, 3, 1, 0, 64, 1]), Buffer.alloc(63, 0xa5)])],
  ])('by %s receives no frame, and is logged', async (_, bytes) => {
    const server = await launch();
    const inside = await server.join({}, { tls: trust });
    const { taken } = plain(server, bytes);
    expect((await within(5000, 'its end', taken)).toString('latin1')).not.toContain('{');
    const { code, detail, address } = await server.childProcess.event('session.refused');
    expect([code, detail, address]).toEqual([
      'BAD_FRAME',
      expect.stringMatching(/^TLS handshake: ERR_SSL_[A-Z_0-9]+$/),
      expect.stringContaining('127.0.0.1:'),
    ]);
    expect(await inside.peer.awaitUntakenFrames()).toEqual([]);
  });

  it('must finish with a hello before the deadline: a peer that is silent, slow or sends no hello is closed', async () => {
    const server = await launch();
    const startedMs = performance.now();
    const mute = plain(server, '');
    const slow = plain(server, Buffer.from([0x16, 3, 1, 2, 0]));
    const shy = await server.connect({ tls: trust });
    expect(await byeOf(shy)).toMatchObject({ code: 'HELLO_TIMEOUT' });
    for (const { taken } of [mute, slow]) expect(await within(5000, 'its end', taken)).toHaveLength(0);
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(HELLO_TIMEOUT_MS);
    expect(tookMs).toBeLessThan(HELLO_TIMEOUT_MS + MACHINE_MS);
    await eventually(2000, 'three lines', () => (refusals(server).length === 3 ? true : undefined));
    expect(refusals(server).map(({ code }) => code)).toEqual(Array(3).fill('HELLO_TIMEOUT'));
  });

  it('counts as a session of its address until it ends', async () => {
    const server = await launch({ RANKD_CONNECTIONS_PER_IP_MAX: '1', RANKD_HELLO_TIMEOUT_MS: '60000' });
    const { socket, taken } = plain(server, '');
    await once(socket, 'connect');
    await expect(server.connect({ tls: trust })).rejects.toThrow();
    socket.destroy();
    await taken;
    const { welcome } = await eventually(5000, 'a connection within the limit', () =>
      server.join({}, { tls: trust }).catch(noneYet),
    );
    expect(welcome['rank']).toBe(0);
  });

  it('is logged a hundred times a second at most, and then as one line with a count', async () => {
    const server = await launch();
    await Promise.all(Array.from({ length: 300 }, () => plain(server, 'nonsense\n').taken));
    const rest = await server.childProcess.event('session.refused', ({ count }) => typeof count === 'number');
    expect(Number(rest['count'])).toBeGreaterThan(0);
    const lines = refusals(server).filter(({ count }) => count === undefined);
    expect(lines.length).toBeLessThan(300);
  });
});

function noneYet(): undefined {
  return undefined;
}

describe('a server with a CA', () => {
  it('accepts clients with a certificate that it has signed, also beyond loopback without a token', async () => {
    const server = await launch({ ...mutual(), RANKD_HOST: '0.0.0.0' });
    const { welcome } = await server.join({}, { tls: { ...trust, ...(await certificates.identity('client')) } });
    expect(welcome['rank']).toBe(0);
    expect(await server.childProcess.event('listening')).toMatchObject({ transport: 'mutual tls' });
  });

  it.each([
    ['none', () => Promise.resolve({})],
    ["one of another CA's", async () => await strangers.identity('client')],
    ['one that is for servers', async () => await certificates.identity('server')],
  ])('sends only UNAUTHORIZED to a client with %s', async (_, identity) => {
    const server = await launch(mutual());
    const peer = await server.connect({ tls: { ...trust, ...(await identity()) } });
    peer.send({ type: 'hello' });
    const bye = await byeOf(peer);
    expect(bye).toMatchObject({ code: 'UNAUTHORIZED', retry: false });
    expect(textIn(bye, 'message')).not.toMatch(/certificate:|UNABLE|PURPOSE/);
    expect(peer.frames).toHaveLength(1);
    expect(await server.childProcess.event('session.refused')).toMatchObject({
      code: 'UNAUTHORIZED',
      detail: expect.stringMatching(/^client certificate: [A-Z_ a-z]+$/),
    });
  });

  it('requires the token too, if one is set', async () => {
    const server = await launch({ ...mutual(), RANKD_TOKEN: 'open sesame' });
    const tls = { ...trust, ...(await certificates.identity('client')) };
    const without = await server.connect({ tls });
    without.send({ type: 'hello' });
    expect(await byeOf(without)).toMatchObject({ code: 'UNAUTHORIZED' });
    await server.join({ token: 'open sesame' }, { tls });
  });
});

describe('SIGHUP', () => {
  /** The certificate that the server shows to a new connection. */
  async function serialOf(server: ProcessServer): Promise<string> {
    const socket = connectSecurely({ ...trust, host: '127.0.0.1', port: server.port });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }

  it('shows a renewed certificate to new connections, and closes none', async () => {
    const server = await launch();
    const members = [await server.join({}, { tls: trust }), await server.join({}, { tls: trust })];
    const before = await serialOf(server);
    await certificates.renew();
    server.childProcess.kill('SIGHUP');
    expect(await server.childProcess.event('certificates.renewed')).toMatchObject({ validTo: expect.any(String) });
    expect(await serialOf(server)).not.toBe(before);
    for (const { peer } of members) expect(await peer.awaitUntakenFrames()).toEqual([]);
    const { welcome } = await server.join({}, { tls: trust });
    expect(welcome['rank']).toBe(2);
  });

  it('keeps the certificates if the new files cannot be used, and logs why without their contents', async () => {
    const server = await launch();
    const before = await serialOf(server);
    const key = await certificates.text('server-key.pem');
    await writeFile(certificates.path('server-key.pem'), 'SECRET, but no key');
    server.childProcess.kill('SIGHUP');
    const { reason } = await server.childProcess.event('certificates.unusable');
    await writeFile(certificates.path('server-key.pem'), key);
    expect(reason).toMatch(/^RANKD_TLS_CERT and RANKD_TLS_KEY cannot be used: /);
    expect(await serialOf(server)).toBe(before);
    expect(server.childProcess.output).not.toContain('SECRET');
  });

  it('with a new CA accepts its clients, and rejects those of the previous CA', async () => {
    const ca = certificates.path('clients-ca.pem');
    await writeFile(ca, await certificates.text('ca.pem'));
    const server = await launch({ RANKD_TLS_CA: ca });
    const ours = { ...trust, ...(await certificates.identity('client')) };
    const theirs = { ...trust, ...(await strangers.identity('client')) };
    const inside = await server.join({}, { tls: ours });
    await writeFile(`${ca}.new`, await strangers.text('ca.pem'));
    await rename(`${ca}.new`, ca);
    server.childProcess.kill('SIGHUP');
    await server.childProcess.event('certificates.renewed');
    const { welcome } = await server.join({}, { tls: theirs });
    expect(welcome['rank']).toBe(1);
    expect(await byeOf(await server.connect({ tls: ours }))).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(await inside.peer.awaitUntakenFrames()).toEqual([]);
    expect(at([inside], 0).welcome['rank']).toBe(0);
  });
});
