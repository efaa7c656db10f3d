import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repository } from '@rankd/testkit';
import { faultsOfTls, readTlsFiles } from '../../src/tls-files.js';

const directory = mkdtempSync(join(tmpdir(), 'rankd-tls-files-'));
const file = (name: string): string => join(directory, name);

beforeAll(() => {
  execFileSync(join(repository, 'scripts/certs'), ['--out', directory]);
  writeFileSync(file('text'), 'SECRET');
});
afterAll(() => rmSync(directory, { recursive: true }));

const own = { RANKD_TLS_CERT: file('server.pem'), RANKD_TLS_KEY: file('server-key.pem') };

describe('the files of TLS', () => {
  it('are read as PEM, if they are named', () => {
    expect(readTlsFiles({})).toEqual({});
    expect(readTlsFiles({ ...own, RANKD_TLS_CA: file('ca.pem') })).toEqual({
      cert: expect.stringContaining('BEGIN CERTIFICATE'),
      key: expect.stringContaining('PRIVATE KEY'),
      ca: expect.stringContaining('BEGIN CERTIFICATE'),
    });
    expect(faultsOfTls(own)).toEqual([]);
  });

  it.each([
    ['a certificate without its key', { RANKD_TLS_CERT: file('server.pem') }, 'belong together'],
    ['a key without its certificate', { RANKD_TLS_KEY: file('server-key.pem') }, 'belong together'],
    [
      'a file that does not exist',
      { RANKD_TLS_CA: file('nowhere') },
      `RANKD_TLS_CA names a file that cannot be read: ${file('nowhere')}`,
    ],
    ['a file without a CA', { RANKD_TLS_CA: file('text') }, 'RANKD_TLS_CA cannot be used: '],
    [
      'a file without a key',
      { ...own, RANKD_TLS_KEY: file('text') },
      'RANKD_TLS_CERT and RANKD_TLS_KEY cannot be used: ',
    ],
    [
      'the key of another certificate',
      { ...own, RANKD_TLS_KEY: file('client-key.pem') },
      'RANKD_TLS_CERT and RANKD_TLS_KEY cannot be used: ',
    ],
  ])('must not be %s, and no error contains their content', (_, settings, told) => {
    const faults = faultsOfTls(settings);
    expect(faults).toEqual([expect.stringContaining(told)]);
    expect(faults.join()).not.toContain('SECRET');
  });
});
