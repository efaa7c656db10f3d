import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseServerConfig } from '../../../src/config.js';
import type { ServedState } from '../../../src/cluster/founding/served-state.js';
import { faultsOfStateDirectory, StateDirectory } from '../../../src/state-directory/state-directory.js';

const state: ServedState = {
  clusterId: 'abc',
  epoch: 1_700_000_000_123,
  resumePoint: [
    { server: 's', last: { position: { epoch: 2, seq: 9 }, mark: 'm.1' }, epochLast: 7, epochLost: 5, lastBatch: 3 },
    undefined,
    { server: 's', last: undefined, epochLast: 7, epochLost: 0, lastBatch: 3 },
    { server: 's', last: { position: { epoch: 1, seq: 1 }, mark: 'm.2' }, epochLast: 8, epochLost: 0, lastBatch: 3 },
  ],
};

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rankd-state-'));
  file = join(directory, 'cluster.json');
});

afterEach(() => rmSync(directory, { recursive: true }));

const faults = (): string[] => faultsOfStateDirectory(directory, 'rankd');

describe('RANKD_STATE_DIR', () => {
  it('keeps the cluster, the epoch and the last record of each shard, in a file for the owner only', async () => {
    const store = new StateDirectory(directory, 'rankd');
    expect([store.read(), faults()]).toEqual([undefined, []]);
    await store.write({ ...state, epoch: 1 });
    await store.write(state);
    const [first, , , last] = state.resumePoint;
    expect(new StateDirectory(directory, 'rankd').read()).toEqual({
      ...state,
      resumePoint: [
        { ...first, server: undefined, lastBatch: 0 },
        undefined,
        undefined,
        { ...last, server: undefined, lastBatch: 0 },
      ],
    });
    expect([statSync(file).mode & 0o777, readdirSync(directory), faults()]).toEqual([0o600, ['cluster.json'], []]);
  });

  it('rejects a write with a sentence if the directory is gone, and leaves no temporary file', async () => {
    const store = new StateDirectory(join(directory, 'gone'), 'rankd');
    await expect(store.write(state)).rejects.toThrow(/RANKD_STATE_DIR: .*cluster\.json cannot be written \(ENOENT\)/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    ['a directory that does not exist', () => (directory += '-none'), /-none does not exist: create it/],
    [
      'a file instead of a directory',
      () => {
        writeFileSync(file, '{}');
        directory = file;
      },
      /cluster\.json is not a directory/,
    ],
    ['half a file', () => writeFileSync(file, '{"version":1,"prefix":"ra'), /cluster\.json is damaged: restore it/],
    ['an empty file', () => writeFileSync(file, ''), /is damaged/],
    ['another JSON value', () => writeFileSync(file, 'null'), /is damaged/],
    ['a file without fields', () => writeFileSync(file, '{"version":1}'), /is damaged/],
    ['a huge file', () => writeFileSync(file, ' '.repeat(2_000_000)), /is damaged/],
    [
      'a file of a newer version',
      () => writeFileSync(file, '{"version":2,"clusters":[]}'),
      /has version 2, and this server reads version 1: install/,
    ],
    [
      'a file of a cluster with another prefix',
      () => writeFileSync(file, '{"version":1,"prefix":"other","cluster":"x","epoch":1,"shards":[]}'),
      /belongs to the cluster with RANKD_REDIS_PREFIX "other", not "rankd"/,
    ],
  ])('reports one sentence for %s', (_, spoil, sentence) => {
    const own = directory;
    spoil();
    expect(faults()).toEqual([expect.stringMatching(sentence)]);
    const env = { RANKD_MODE: 'cluster', RANKD_REDIS_URL: 'redis://127.0.0.1:1', RANKD_STATE_DIR: directory };
    expect(() => parseServerConfig(env)).toThrow(sentence);
    // A single server does not read it.
    expect(parseServerConfig({ RANKD_STATE_DIR: directory }).RANKD_MODE).toBe('standalone');
    directory = own;
  });

  it('does not change a file that it cannot use', () => {
    writeFileSync(file, 'damaged');
    expect(faults()).toHaveLength(1);
    expect(readFileSync(file, 'utf8')).toBe('damaged');
  });
});
