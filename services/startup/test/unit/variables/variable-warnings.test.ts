import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readEnvironment } from '../../../src/index.js';
import { readVariableWarnings, VARIABLE_WARNINGS_MAX, warningsOf } from '../../../src/variables/variable-warnings.js';

describe('a variable that no program reads', () => {
  it.each([
    ['RANKD_TOKN', 'RANKD_TOKEN'],
    ['RANKD_PROT', 'RANKD_PORT'],
    ['RANKD_MAX_MEMBERS', 'RANKD_MEMBERS_MAX'],
    ['RANKD_MEMBERS', 'RANKD_MEMBERS_MAX'],
    ['RANKD_HEARTBEAT', 'RANKD_HEARTBEAT_MS'],
    ['RANKD_HEARTBEAT_INTERVAL_MS', 'RANKD_HEARTBEAT_MS'],
    ['RANKD_ADMINTOKEN', 'RANKD_ADMIN_TOKEN'],
    ['RANKD_TOKEN_FIEL', 'RANKD_TOKEN_FILE'],
    ['RANKD_REDIS', 'RANKD_REDIS_URL'],
    ['RANKD_LOG_LEVEL', 'LOG_LEVEL'],
    ['RANKD_LOGLEVEL', 'LOG_LEVEL'],
    ['RANKD-PORT', 'RANKD_PORT'],
    ['rankd_prot', 'RANKD_PORT'],
  ])('%s is reported with the nearest name, %s', (name, nearest) => {
    expect(warningsOf({ [name]: 'S3CRET' })).toEqual([
      `the variable ${name} is unknown and not read: did you mean ${nearest}?`,
    ]);
  });

  it.each(['rankd_port', 'Rankd_Port', 'RANKD_port'])('%s is reported for its case', name => {
    expect(warningsOf({ [name]: '1' })).toEqual([
      `the variable ${name} is not read, because names are in capitals: did you mean RANKD_PORT?`,
    ]);
  });

  it.each(['RANKD_', 'RANKD_XYZZY', 'RANKD_Q'])('%s is like no other', name => {
    expect(warningsOf({ [name]: '1' })).toEqual([
      `the variable ${name} is unknown and not read: docs/configuration.md has all variables`,
    ]);
  });

  it('is X_FILE of a setting that is no secret', () => {
    expect(warningsOf({ RANKD_MEMBERS_MAX_FILE: '/x' })).toEqual([
      'the variable RANKD_MEMBERS_MAX_FILE is not read, because only secrets may be in a file: set RANKD_MEMBERS_MAX itself',
    ]);
  });

  it('cannot control a terminal with its name', () => {
    expect(warningsOf({ 'RANKD_\x1b[31m': '1' }).join()).not.toContain('\x1b');
  });

  it('may be in the environment and in .env, and is reported once', () => {
    expect(warningsOf({ RANKD_TOKN: '1' }, { RANKD_TOKN: '2', RANKD_PROT: '3' })).toEqual([
      expect.stringContaining('the variable RANKD_TOKN is unknown'),
      expect.stringContaining('the variable RANKD_PROT in .env is unknown'),
    ]);
  });

  it.each([
    [VARIABLE_WARNINGS_MAX, 0],
    [VARIABLE_WARNINGS_MAX + 3, 1],
  ])('is one of %d: past VARIABLE_WARNINGS_MAX %d line has the number of the others', (count, rest) => {
    const names = Array.from({ length: count }, (_, index) => [`RANKD_ZZZZ${index}`, '1']);
    const warnings = warningsOf(Object.fromEntries(names) as Record<string, string>);
    expect(warnings).toHaveLength(VARIABLE_WARNINGS_MAX + rest);
    if (rest > 0) expect(warnings.at(-1)).toBe('3 more variables that begin with RANKD_ are unknown');
  });
});

it.each([
  ['RANKD_TOKEN_FILE', '/x'],
  ['RANKD_REDIS_URL_FILE', '/x'],
  ['RANKD_URL', 'x'],
  ['RANKD_PUBLISH_PORT', '1'],
  ['RANKD_PUBLISH_HTTP_PORT', '1'],
  ['RANKD_TEST_SEED', '1'],
  ['RANKD_SERVICE_HOST', '10.0.0.1'],
  ['RANKD_SERVICE_PORT_MEMBERS', '1'],
  ['RANKD_PORT_2700_TCP_ADDR', '10.0.0.1'],
  ['RANKD_PORT', 'tcp://10.0.0.1:2700'],
  ['RANKD_HTTP_SERVICE_HOST', '10.0.0.1'],
  ['RANKD_HTTP_PORT_9464_TCP', 'tcp://10.0.0.1:9464'],
  ['RANKD_SERVER_PORT', 'tcp://10.0.0.1:2700'],
  ['RANKD_FENCE', '1-2'],
  ['RANKDOTHER', '1'],
  ['PATH', '/x'],
])('%s is not reported', (name, value) => {
  expect(warningsOf({ [name]: value }, { [name]: value })).toEqual([]);
});

describe('.env', () => {
  const before = process.cwd();
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rankd-dotenv-'));
    chmodSync(directory, 0o755);
    process.chdir(directory);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(directory, { recursive: true });
  });

  it('is read with Windows line ends and a byte order mark', () => {
    writeFileSync('.env', '\uFEFFRANKD_TEST_A=1\r\nRANKD_TEST_B="2"\r\nRANKD_PROT=3\r\n');
    expect(readEnvironment()).toMatchObject({ RANKD_TEST_A: '1', RANKD_TEST_B: '2' });
    expect(readVariableWarnings()).toEqual([expect.stringContaining('RANKD_PROT in .env')]);
  });

  it('that does not exist is no reason for a warning', () => {
    expect(readVariableWarnings()).toEqual([]);
  });

  it('that is UTF-16 is reported and not used', () => {
    writeFileSync('.env', '\uFEFFRANKD_TEST_A=1\r\n', 'utf16le');
    expect(readEnvironment()).not.toHaveProperty('RANKD_TEST_A');
    expect(readVariableWarnings()).toEqual([
      expect.stringContaining('.env is not used, because it is not text in UTF-8'),
    ]);
  });

  it('that is a directory is reported', () => {
    mkdirSync('.env');
    expect(readVariableWarnings()).toEqual([
      expect.stringContaining('.env is not used, because it cannot be read (EISDIR'),
    ]);
  });
});
