import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readEnvironment } from '../../src/index.js';

let directory: string;
const before = process.cwd();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rankd-environment-'));
  process.chdir(directory);
});
afterEach(() => {
  process.chdir(before);
  delete process.env['RANKD_TEST_BOTH'];
  rmSync(directory, { recursive: true });
});

it('the settings come from the environment of the process, which overrides .env', () => {
  writeFileSync('.env', 'RANKD_TEST_BOTH=from the file\nRANKD_TEST_ONLY="from the file" # comment\n');
  process.env['RANKD_TEST_BOTH'] = 'from the process';
  const environment = readEnvironment();
  expect(environment['RANKD_TEST_BOTH']).toBe('from the process');
  expect(environment['RANKD_TEST_ONLY']).toBe('from the file');
});

it('reading .env does not change the environment of the process', () => {
  writeFileSync('.env', 'RANKD_TEST_ONLY=x\n');
  readEnvironment();
  expect(process.env).not.toHaveProperty('RANKD_TEST_ONLY');
});

it('the settings are the environment of the process if there is no .env', () => {
  expect(readEnvironment()).toEqual(process.env);
});
