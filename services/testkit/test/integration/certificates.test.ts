import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, type ConnectionOptions, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DevelopmentCertificates, repository } from '@rankd/testkit';

jest.setTimeout(60_000);

const DAY_MS = 86_400_000;
const exec = promisify(execFile);
const made: DevelopmentCertificates[] = [];
let certificates: DevelopmentCertificates;

async function make(): Promise<DevelopmentCertificates> {
  const own = await DevelopmentCertificates.make(repository);
  made.push(own);
  return own;
}

/** Runs scripts/certs without a PATH, so that it can use only Node. */
async function certs(directory: string, ...args: string[]): Promise<{ code: number; stderr: string }> {
  const script = join(repository, 'scripts/certs.mjs');
  const ended = exec(process.execPath, [script, '--out', directory, ...args], { env: { PATH: '' } });
  return await ended.then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error: unknown) => error as { code: number; stderr: string },
  );
}

async function certificate(name: string, from = certificates): Promise<X509Certificate> {
  return new X509Certificate(await from.text(`${name}.pem`));
}

beforeAll(async () => {
  certificates = await make();
});
afterAll(async () => {
  await Promise.all(made.map(each => each.dispose()));
});

describe('scripts/certs', () => {
  it('makes a CA, and certificates that it has signed for a server and a client', async () => {
    const [ca, server, client] = await Promise.all(['ca', 'server', 'client'].map(name => certificate(name)));
    expect([ca?.ca, server?.ca, client?.ca]).toEqual([true, false, false]);
    expect([ca, server, client].map(each => each?.subject)).toEqual([
      'CN=rankd development CA',
      'CN=rankd server',
      'CN=rankd client',
    ]);
    // Node's name for the extended key usage.
    expect([server?.keyUsage, client?.keyUsage]).toEqual([['1.3.6.1.5.5.7.3.1'], ['1.3.6.1.5.5.7.3.2']]);
    expect(server?.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:server');
    for (const each of [ca, server, client]) {
      expect([ca && each?.checkIssued(ca), ca && each?.verify(ca.publicKey)]).toEqual([true, true]);
    }
  });

  it('gives each certificate a serial number of its own: positive and random', async () => {
    const serials = [];
    for (let times = 0; times < 3; times += 1) {
      await certificates.renew();
      serials.push(...(await Promise.all(['ca', 'server', 'client'].map(name => certificate(name)))));
    }
    const numbers = serials.map(({ serialNumber }) => serialNumber);
    expect(numbers.filter(number => !/^[0-9A-F]{28,40}$/.test(number))).toEqual([]);
    // The CA stays the same.
    expect(new Set(numbers).size).toBe(7);
  });

  it('makes them valid from now on, for the given number of days', async () => {
    const own = await make();
    expect(await certs(own.directory, '--days', '30')).toEqual({ code: 0, stderr: '' });
    const days = async (name: string): Promise<number> => {
      const { validFrom, validTo } = await certificate(name, own);
      expect(Date.now() - Date.parse(validFrom)).toBeGreaterThanOrEqual(0);
      return (Date.parse(validTo) - Date.parse(validFrom)) / DAY_MS;
    };
    expect(await Promise.all(['ca', 'server', 'client'].map(days))).toEqual([3650, 30, 30]);
    // From 2050 on a certificate has dates in another format.
    await certs(own.directory, '--days', '99999');
    expect(await days('server')).toBe(99_999);
  });

  it('writes keys that only their owner can read, each for its certificate', async () => {
    for (const name of ['ca', 'server', 'client']) {
      const { mode } = await stat(certificates.path(`${name}-key.pem`));
      expect([name, mode & 0o777]).toEqual([name, 0o600]);
      const key = createPrivateKey(await certificates.text(`${name}-key.pem`));
      expect((await certificate(name)).checkPrivateKey(key)).toBe(true);
    }
  });

  it('accepts names and addresses in every form', async () => {
    const own = await make();
    const hosts = ['my.host', '*.my.host', 'Bücher.example', '192.0.2.1', '2001:db8::7', '::ffff:192.0.2.1'];
    expect((await certs(own.directory, ...hosts.flatMap(host => ['--host', host]))).code).toBe(0);
    expect((await certificate('server', own)).subjectAltName).toContain(
      'DNS:server, DNS:my.host, DNS:*.my.host, DNS:xn--bcher-kva.example, ' +
        'IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:7, IP Address:0:0:0:0:0:FFFF:C000:201',
    );
  });

  it.each(['', 'a b', 'my.host:2700', 'rankd://my.host', 'my.host/path', '10.1', '192.0.2.300', 'fe80::1%eth0'])(
    'rejects the host %j, and changes no file',
    async host => {
      const before = await certificates.text('server.pem');
      const { code, stderr } = await certs(certificates.directory, '--host', host);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`"${host}" is neither the name of a host nor`)]);
      expect(await certificates.text('server.pem')).toBe(before);
    },
  );

  it('signs with an RSA CA of another program', async () => {
    const own = await make();
    // The script runs in a process of its own, because the library rejects keys of Jest's context.
    const script = `
      import 'reflect-metadata';
      import x509 from '@peculiar/x509';
      import { writeFileSync } from 'node:fs';
      const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };
      const keys = await crypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
      const extensions = [new x509.BasicConstraintsExtension(true, 0, true)];
      const ca = await x509.X509CertificateGenerator.createSelfSigned({ name: 'O=Our company, CN=Our CA', keys, extensions });
      const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
      writeFileSync(process.argv[1] + '/ca.pem', ca.toString('pem'));
      writeFileSync(process.argv[1] + '/ca-key.pem', key);`;
    await exec(process.execPath, ['--input-type=module', '-e', script, own.directory], { cwd: repository });
    expect(await certs(own.directory)).toEqual({ code: 0, stderr: '' });
    const [ca, server] = [await certificate('ca', own), await certificate('server', own)];
    expect([server.issuer, server.checkIssued(ca), server.verify(ca.publicKey)]).toEqual([ca.subject, true, true]);
  });

  it('reports why it cannot sign with a CA, and changes no file', async () => {
    const own = await make();
    const before = await own.text('server.pem');
    await writeFile(own.path('ca-key.pem'), await own.text('server-key.pem'));
    const other = await certs(own.directory);
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining('the key does not belong to the certificate'),
    ]);
    await rm(own.path('ca-key.pem'));
    const none = await certs(own.directory);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('ca-key.pem')]);
    expect(await readFile(own.path('server.pem'), 'utf8')).toBe(before);
  });
});

describe('the certificates of scripts/certs', () => {
  let server: Server;

  beforeAll(async () => {
    const { cert, key } = await certificates.identity('server');
    const ca = await certificates.text('ca.pem');
    server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, socket =>
      socket.on('error', () => undefined).end('hello'),
    );
    // An error of a client must end only its own connection.
    server.on('tlsClientError', () => undefined);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => void server.close());

  const port = (): number => (server.address() as AddressInfo).port;

  /** Resolves with what the server sends, or with the reason why there is no session. */
  async function hear(options: ConnectionOptions): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port: port(), ...options });
    let text = '';
    socket.setEncoding('utf8').on('data', (data: string) => (text += data));
    try {
      await once(socket, 'close');
      return text;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  it('are accepted by Node in both directions, under each of their names and no other', async () => {
    const trust = { ca: await certificates.text('ca.pem'), ...(await certificates.identity('client')) };
    for (const servername of ['localhost', 'server']) expect(await hear({ ...trust, servername })).toBe('hello');
    expect(await hear(trust)).toBe('hello');
    expect(await hear({ ...trust, servername: 'elsewhere' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await hear({ ...trust, ca: await (await make()).text('ca.pem') })).toBe('SELF_SIGNED_CERT_IN_CHAIN');
    const asClient = await certificates.identity('server');
    expect(await hear({ ...trust, ...asClient, servername: 'localhost' })).not.toBe('hello');
  });

  it('are accepted by Python with the strict checks of 3.13', async () => {
    const script = `
import socket, ssl, sys
port, directory, *names = sys.argv[1:]
context = ssl.create_default_context(cafile=directory + '/ca.pem')
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.load_cert_chain(directory + '/client.pem', directory + '/client-key.pem')
for name in names:
    try:
        with socket.create_connection(('127.0.0.1', int(port))) as plain, context.wrap_socket(plain, server_hostname=name) as session:
            print(name, session.recv(100).decode())
    except ssl.SSLCertVerificationError as error:
        print(name, error.verify_code)
`;
    const names = ['localhost', '127.0.0.1', '::1', 'server', 'elsewhere'];
    const { stdout } = await exec('python3', ['-c', script, String(port()), certificates.directory, ...names]);
    // 62 is the error code for another name.
    expect(stdout.trim().split('\n')).toEqual([...names.slice(0, 4).map(name => `${name} hello`), 'elsewhere 62']);
  });
});
