// Makes a CA for development, and a certificate for a server and for a client: see the usage below.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/run.mjs';
import { complain, say } from './lib/terminal.mjs';

const usage = `Usage: scripts/certs [--out DIR] [--host NAME]… [--days D]

Creates a CA for development in DIR (default: certs), and signs a certificate for a server and one for a client: ca.pem,
server.pem, client.pem. The keys are in ca-key.pem, server-key.pem and client-key.pem.

The server certificate is valid for localhost, 127.0.0.1, ::1, server, and each NAME, for D days (default: 365). To renew the
certificates, run the script again: it keeps an existing CA. A running server reads its certificates again on SIGHUP.`;

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
    complain(`--days takes a whole number of up to 5 digits, not ${values.days}\n\n${usage}`);
    return 2;
  }
  const certificates = await loadCertificates();
  try {
    values.host.forEach(certificates.alternativeName);
  } catch (error) {
    complain(`--host: ${error.message}\n\n${usage}`);
    return 2;
  }
  const directory = resolve(values.out);
  try {
    await make(certificates, directory, [...HOSTS, ...values.host], Number(values.days));
    return 0;
  } catch (error) {
    complain(`cannot create certificates in ${directory}: ${error.message}`);
    return 1;
  }
}

/** Loads the library. Installs packages only if the library is missing, because tests run this script in parallel. */
async function loadCertificates() {
  if (!existsSync(join(root, 'node_modules/@peculiar/x509'))) await ensureInstalled();
  return import('./lib/certificates.mjs');
}

/**
 * Makes the files. Each file is replaced atomically, but not all together. A server that reads a new key and an old certificate keeps its
 * present pair.
 */
async function make({ createCa, createCertificate }, directory, hosts, days) {
  await mkdir(directory, { recursive: true });
  const drafts = await mkdtemp(join(directory, '.draft-'));
  try {
    if (!existsSync(join(directory, 'ca.pem'))) {
      await place('ca', await createCa({ name: 'rankd development CA', days: CA_DAYS }), directory, drafts);
    }
    const signed = { ca: await readCa(directory), days };
    const server = { ...signed, name: 'rankd server', usage: 'serverAuth', hosts };
    const client = { ...signed, name: 'rankd client', usage: 'clientAuth' };
    await place('server', await createCertificate(server), directory, drafts);
    await place('client', await createCertificate(client), directory, drafts);
  } finally {
    await rm(drafts, { recursive: true, force: true });
  }
  say(`the development certificates are in ${directory}`);
}

async function readCa(directory) {
  const [cert, key] = await Promise.all(['ca.pem', 'ca-key.pem'].map(name => readFile(join(directory, name), 'utf8')));
  return { cert, key };
}

async function place(name, { cert, key }, directory, drafts) {
  for (const [file, text, mode] of [
    [`${name}-key.pem`, key, 0o600],
    [`${name}.pem`, cert, 0o644],
  ]) {
    await writeFile(join(drafts, file), text, { mode });
    await rename(join(drafts, file), join(directory, file));
  }
}
