import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join as joinPath } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join, type JoinOptions, type RankdError, type TlsOptions } from '@rankd/client';
import { explainMistake, type Mistake, mistakes } from '@rankd/protocol';
import { DevelopmentCertificates, type LaunchedServer, RawPeer, repository, within } from '@rankd/testkit';
import { DEADLINE_MS, Fleet } from '../fleet.js';

const fleet = new Fleet();
const listeners: Server[] = [];
let certificates: DevelopmentCertificates;
let strangers: DevelopmentCertificates;
let plain: LaunchedServer;
let secure: LaunchedServer;
let mutual: LaunchedServer;
let ca: string;

beforeAll(async () => {
  [certificates, strangers] = await Promise.all([
    DevelopmentCertificates.make(repository),
    DevelopmentCertificates.make(repository),
  ]);
  const tls = {
    RANKD_HOST: '0.0.0.0',
    RANKD_ALLOW_ANONYMOUS: '1',
    RANKD_TLS_CERT: certificates.path('server.pem'),
    RANKD_TLS_KEY: certificates.path('server-key.pem'),
  };
  [plain, secure, mutual] = await Promise.all([
    fleet.server(),
    fleet.server(tls),
    fleet.server({ ...tls, RANKD_TLS_CA: certificates.path('ca.pem') }),
  ]);
  ca = await certificates.text('ca.pem');
});
afterAll(async () => {
  for (const listener of listeners) listener.close();
  await fleet.dispose();
  await Promise.all([certificates.dispose(), strangers.dispose()]);
});

async function listen(server: Server): Promise<number> {
  listeners.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Listens as a server of another protocol, which answers the first bytes with `text` or closes. */
async function stranger(text: string | undefined): Promise<number> {
  const server = createServer(socket => {
    socket.on('error', () => undefined);
    socket.once('data', () => (text === undefined ? socket.destroy() : socket.write(text)));
  });
  return await listen(server);
}

/** Listens with a certificate for 127.0.0.1 that was signed `days` ahead. A negative number: it has expired. */
async function dated(days: number): Promise<number> {
  const program = `
import { readFileSync as read } from 'node:fs';
import { createCertificate } from ${JSON.stringify(joinPath(repository, 'scripts/lib/certificates.mjs'))};
const [cert, key] = process.argv.slice(1).map(path => read(path, 'utf8'));
const made = { name: 'server', usage: 'serverAuth', hosts: ['127.0.0.1'], days: ${days} };
console.log(JSON.stringify(await createCertificate({ ca: { cert, key }, ...made })));`;
  const files = ['ca.pem', 'ca-key.pem'].map(name => certificates.path(name));
  return await listenWith(program, ...files);
}

/** Listens with a certificate that it has signed itself. */
async function selfSigned(): Promise<number> {
  return await listenWith(`
import 'reflect-metadata';
import x509 from '@peculiar/x509';
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
const [notBefore, notAfter] = [new Date(), new Date(Date.now() + 1e8)];
const extensions = [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])];
const made = { name: 'CN=server', keys, notBefore, notAfter, signingAlgorithm: algorithm, extensions };
const cert = (await x509.X509CertificateGenerator.createSelfSigned(made)).toString('pem');
const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
console.log(JSON.stringify({ cert, key }));`);
}

/** Listens with the certificate and the key that this program prints. */
async function listenWith(program: string, ...args: string[]): Promise<number> {
  const flags = ['--input-type=module', '-e', program, ...args];
  const made = execFileSync(process.execPath, flags, { encoding: 'utf8', cwd: repository });
  return await listen(createTlsServer(JSON.parse(made) as { cert: string; key: string }));
}

/** Returns the error of the first attempt to join. */
async function firstFailure(url: string, tls: TlsOptions = {}): Promise<RankdError> {
  const calling = new AbortController();
  const failure = new Promise<RankdError>(resolve => {
    const prepare: JoinOptions['prepare'] = me => me.once('disconnected', ({ error }) => resolve(error));
    join(url, { tls, joinWithinMs: Infinity, signal: calling.signal, prepare }).catch(() => undefined);
  });
  return await within(DEADLINE_MS, 'a failure', failure).finally(() => calling.abort());
}

interface Case {
  readonly url: () => string | Promise<string>;
  readonly tls?: () => TlsOptions | Promise<TlsOptions>;
  readonly mistake: Mistake;
  /** What the message must name besides what happened and what to do. */
  readonly value: RegExp;
}

const cases: Readonly<Record<string, Case>> = {
  'rankd:// to a port with TLS': {
    url: () => `rankd://127.0.0.1:${secure.port}`,
    mistake: 'CLOSED_AS_WITH_TLS',
    value: /127\.0\.0\.1:\d+.*rankds:\/\//,
  },
  'rankd:// to a port with TLS that sends an alert': {
    url: async () => `rankd://127.0.0.1:${await stranger('\x15\x03\x01\x00\x02\x02\x46')}`,
    mistake: 'TLS_REQUIRED',
    value: /rankds:\/\//,
  },
  'rankds:// to a port without TLS': {
    url: () => `rankds://127.0.0.1:${plain.port}`,
    mistake: 'TLS_NOT_SPOKEN',
    value: /rankd:\/\//,
  },
  'rankds:// to a port that closes': {
    url: async () => `rankds://127.0.0.1:${await stranger(undefined)}`,
    mistake: 'TLS_INTERRUPTED',
    value: /rankd:\/\//,
  },
  'no CA': {
    url: () => `rankds://localhost:${secure.port}`,
    mistake: 'CA_UNKNOWN',
    value: /localhost:\d+.*RANKD_TLS_CA/,
  },
  'another CA': {
    url: () => `rankds://localhost:${secure.port}`,
    tls: async () => ({ ca: await strangers.text('ca.pem') }),
    mistake: 'CA_UNKNOWN',
    value: /localhost:\d+/,
  },
  'a self-signed certificate': {
    url: async () => `rankds://127.0.0.1:${await selfSigned()}`,
    mistake: 'CERTIFICATE_SELF_SIGNED',
    value: /127\.0\.0\.1:\d+/,
  },
  'another host name': {
    url: () => `rankds://127.0.0.2:${secure.port}`,
    tls: () => ({ ca }),
    mistake: 'HOST_MISMATCH',
    value: /127\.0\.0\.2/,
  },
  'an expired certificate': {
    url: async () => `rankds://127.0.0.1:${await dated(-1)}`,
    tls: () => ({ ca }),
    mistake: 'CERTIFICATE_EXPIRED',
    value: /127\.0\.0\.1:\d+/,
  },
  'no client certificate': {
    url: () => `rankds://localhost:${mutual.port}`,
    tls: () => ({ ca }),
    mistake: 'CLIENT_CERTIFICATE_MISSING',
    value: /RANKD_TLS_CERT/,
  },
  'a client certificate of another CA': {
    url: () => `rankds://localhost:${mutual.port}`,
    tls: async () => ({ ca, ...(await strangers.identity('client')) }),
    mistake: 'CLIENT_CERTIFICATE_REJECTED',
    value: /RANKD_TLS_CA/,
  },
  'a client key that is not of the certificate': {
    url: () => `rankds://localhost:${mutual.port}`,
    tls: async () => {
      const [{ cert }, { key }] = [await certificates.identity('client'), await certificates.identity('server')];
      return { ca, cert, key };
    },
    mistake: 'TLS_FILES_UNUSABLE',
    value: /key values mismatch/,
  },
  'the side port': {
    url: () => `rankd://127.0.0.1:${plain.httpPort}`,
    mistake: 'HTTP_SERVER',
    value: /HTTP\/1\.1 400/,
  },
  'a Redis server': {
    url: async () => `rankd://127.0.0.1:${await stranger("-ERR unknown command '{'\r\n")}`,
    mistake: 'OTHER_PROTOCOL',
    value: /-ERR unknown command.*Redis/,
  },
  'an SSH server': {
    url: async () => `rankd://127.0.0.1:${await stranger('SSH-2.0-OpenSSH_9.2\r\n')}`,
    mistake: 'OTHER_PROTOCOL',
    value: /SSH-2\.0/,
  },
  'a server of an unknown protocol, which sends no line end': {
    url: async () => `rankd://127.0.0.1:${await stranger('\x4a\x00\x00\x00\x0a8.0.36\x00and more')}`,
    mistake: 'OTHER_PROTOCOL',
    value: /8\.0\.36/,
  },
  'a port on which nothing listens': {
    url: () => 'rankd://127.0.0.1:1',
    mistake: 'PORT_CLOSED',
    value: /127\.0\.0\.1:1\b/,
  },
  'a host name that does not exist': {
    url: () => 'rankd://no-such-host.invalid:2700',
    mistake: 'HOST_UNKNOWN',
    value: /no-such-host\.invalid:2700/,
  },
};

describe('an error of the library names the mistake', () => {
  it.each(Object.entries(cases))('%s', async (_, { url, tls, mistake, value }) => {
    const error = await firstFailure(await url(), await tls?.());
    const { code, meaning, remedy } = mistakes[mistake];
    // A machine without a name server cannot know that the name does not exist.
    const isOffline = mistake === 'HOST_UNKNOWN' && error.mistake === 'HOST_LOOKUP_FAILED';
    if (isOffline) return;
    expect(error).toMatchObject({ code, mistake, hint: remedy });
    expect(error.message).toContain(meaning);
    expect(error.message).toMatch(value);
    expect(error.message.endsWith(`: ${remedy}`)).toBe(true);
  });

  it('and the final error has the number of attempts and every server', async () => {
    const url = `rankd://127.0.0.1:1,rankds://127.0.0.1:${plain.port}`;
    const joining = join(url, { joinWithinMs: 2000 });
    const error = await joining.then(
      () => undefined,
      (thrown: unknown) => thrown as RankdError,
    );
    expect(error?.code).toBe('CONNECT_FAILED');
    expect(error?.message).toMatch(/gave up after \d+ attempts in [\d.]+ s/);
    expect(error?.message).toContain(mistakes.PORT_CLOSED.meaning);
    expect(error?.message).toContain(mistakes.TLS_NOT_SPOKEN.meaning);
  });
});

describe('the log of the server names the mistake', () => {
  const proxyV2 = Buffer.from('0d0a0d0a000d0a515549540a2111000c7f0000017f000001aaaabbbb', 'hex');

  it.each<[string, Mistake, string | Buffer]>([
    ['a PROXY protocol header', 'PROXY_HEADER', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n{"type":"hello"}\n'],
    ['a PROXY protocol header of version 2', 'PROXY_HEADER', proxyV2],
    ['an HTTP request', 'HTTP_REQUEST', 'GET /metrics HTTP/1.1\r\nHost: rankd\r\n\r\n'],
    ['a client of Redis', 'OTHER_CLIENT', '*1\r\n$4\r\nPING\r\n'],
    ['a TLS handshake', 'TLS_NOT_SPOKEN', Buffer.from([0x16, 3, 1, 0, 64, 1])],
  ])('%s on a port without TLS', async (_, mistake, bytes) => {
    const peer = await RawPeer.connect(plain.port);
    // The bytes may arrive in any split.
    for (const byte of Buffer.from(bytes)) peer.sendRaw(Buffer.from([byte]));
    // A TLS handshake may have no line end. Then the session ends with HELLO_TIMEOUT, after RANKD_HELLO_TIMEOUT_MS.
    const { code: byeCode, message } = await peer.next('bye');
    expect([['BAD_FRAME', 'HELLO_TIMEOUT'].includes(String(byeCode)), message]).toEqual([
      true,
      explainMistake(mistake),
    ]);
    const isOwn = (fields: Record<string, unknown>): boolean =>
      fields['mistake'] === mistake && fields['code'] === byeCode;
    const { msg } = await plain.childProcess.event('session.refused', isOwn);
    expect(msg).toEqual(expect.stringContaining(mistakes[mistake].remedy));
    peer.destroy();
  });

  it.each<[string, Mistake, () => Promise<unknown>]>([
    ['a client without TLS', 'TLS_EXPECTED', () => firstFailure(`rankd://127.0.0.1:${mutual.port}`)],
    [
      'no client certificate',
      'CLIENT_CERTIFICATE_MISSING',
      () => firstFailure(`rankds://localhost:${mutual.port}`, { ca }),
    ],
  ])('%s on a port with TLS', async (_, mistake, act) => {
    const line = mutual.childProcess.event('session.refused', fields => fields['mistake'] === mistake);
    await act();
    expect((await line)['msg']).toContain(mistakes[mistake].remedy);
  });
});

describe('the log of the client container names the mistake, once with what to do', () => {
  it.each<[string, Mistake, () => Record<string, string>]>([
    ['no server', 'PORT_CLOSED', () => ({ RANKD_URL: 'rankd://127.0.0.1:1' })],
    ['no CA', 'CA_UNKNOWN', () => ({ RANKD_URL: `rankds://localhost:${secure.port}` })],
    ['rankds:// to a port without TLS', 'TLS_NOT_SPOKEN', () => ({ RANKD_URL: `rankds://127.0.0.1:${plain.port}` })],
  ])('%s', async (_, mistake, env) => {
    const container = fleet.container(env());
    const { msg } = await container.event('disconnected');
    const { meaning, remedy } = mistakes[mistake];
    expect(String(msg)).toContain(meaning);
    expect(String(msg).toLowerCase()).toContain(remedy.toLowerCase());
    await container.dispose();
  });

  it('the side port, which no retry can solve', async () => {
    const container = fleet.container({ RANKD_URL: `rankd://127.0.0.1:${plain.httpPort}` });
    expect((await container.event('failed'))['msg']).toContain(mistakes.HTTP_SERVER.remedy);
    expect(await within(DEADLINE_MS, 'its end', container.exited)).toMatchObject({ code: 1 });
  });
});
