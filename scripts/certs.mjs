// Makes a CA for development, and a certificate each for server and client: see the usage below.
import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { run, succeeds } from './lib/run.mjs';
import { complain, say } from './lib/terminal.mjs';

const usage = `Usage: scripts/certs [--out DIR] [--host NAME]… [--days D]

Makes, in DIR (certs), a CA for development, and a certificate signed by it for a server and for a client: ca.pem, server.pem,
client.pem, each with its key in …-key.pem. A CA that is there is kept, so that the certificates can be renewed; a running server
reads them anew on SIGHUP. The server's is good for localhost, 127.0.0.1, ::1, server, and every NAME. Needs openssl.`;

const HOSTS = ['localhost', '127.0.0.1', '::1', 'server'];
const CA_DAYS = 3650;

process.exitCode = await main();

async function main() {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'certs' },
      host: { type: 'string', multiple: true, default: [] },
      days: { type: 'string', default: '365' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if (!/^[1-9]\d{0,4}$/.test(values.days)) {
    complain(`--days takes a whole number\n\n${usage}`);
    return 2;
  }
  if (!(await succeeds('openssl', ['version']))) {
    complain('openssl is needed, and is not here: apt-get install openssl, or brew install openssl');
    return 1;
  }
  await make(resolve(values.out), [...HOSTS, ...values.host], values.days);
  return 0;
}

/** Each file comes into its place whole; a server that finds a new key beside an old certificate keeps what it has. */
async function make(directory, hosts, days) {
  await mkdir(directory, { recursive: true });
  const drafts = await mkdtemp(join(directory, '.draft-'));
  try {
    await ensureCa(directory, drafts);
    const names = hosts.map(host => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`).join(',');
    await sign('server', `extendedKeyUsage=serverAuth\nsubjectAltName=${names}\n`, directory, drafts, days);
    await sign('client', 'extendedKeyUsage=clientAuth\n', directory, drafts, days);
  } finally {
    await rm(drafts, { recursive: true, force: true });
  }
  say(`certificates for development are in ${directory}`);
}

async function ensureCa(directory, drafts) {
  const isThere = await access(join(directory, 'ca.pem')).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const key = join(drafts, 'ca-key.pem');
  const cert = join(drafts, 'ca.pem');
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
  const request = ['req', '-x509', ...newKey(key), '-subj', '/CN=rankd development CA', '-days', String(CA_DAYS)];
  await openssl(...request, ...extensions.flatMap(extension => ['-addext', extension]), '-out', cert);
  await place('ca', directory, drafts);
}

async function sign(name, extensions, directory, drafts, days) {
  const [key, request, cert] = [`${name}-key.pem`, `${name}.csr`, `${name}.pem`].map(file => join(drafts, file));
  const extensionsFile = join(drafts, 'extensions');
  await writeFile(extensionsFile, `basicConstraints=critical,CA:FALSE\n${extensions}`);
  await openssl('req', ...newKey(key), '-subj', `/CN=rankd ${name}`, '-out', request);
  const ca = ['-CA', join(directory, 'ca.pem'), '-CAkey', join(directory, 'ca-key.pem')];
  const serial = ['-set_serial', `0x${randomBytes(15).toString('hex')}`];
  await openssl(
    'x509',
    '-req',
    '-in',
    request,
    ...ca,
    ...serial,
    '-days',
    days,
    '-extfile',
    extensionsFile,
    '-out',
    cert,
  );
  await place(name, directory, drafts);
}

function newKey(path) {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

async function place(name, directory, drafts) {
  for (const [file, mode] of [
    [`${name}-key.pem`, 0o600],
    [`${name}.pem`, 0o644],
  ]) {
    const text = join(drafts, file);
    await chmod(text, mode);
    await rename(text, join(directory, file));
  }
}

async function openssl(...args) {
  const { code, output } = await run('openssl', args);
  if (code !== 0) throw new Error(`openssl ${args[0]} failed: ${output.trim()}`);
}
