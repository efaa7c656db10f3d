import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const program = resolve(__dirname, '../../../../scripts/test.mjs');

/** Returns the exit code and the output of scripts/test. */
function scriptsTest(...args: string[]): [number | null, string] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return [status, stdout + stderr];
}

describe('scripts/test', () => {
  it.each([
    [['--node', '25'], '--node takes 26, not 25'],
    [['unit', '--node='], '--node takes 26, not '],
    [['integration', '--node', '26'], '--node is for the unit tests only'],
    [['units'], 'no such part: units'],
    [['--fast'], "Unknown option '--fast'"],
  ])('rejects %j with 2 before it starts anything', (args, fault) => {
    expect(scriptsTest(...args)).toEqual([2, expect.stringContaining(`rankd: ${fault}`)]);
  });

  it('explains --node', () => {
    expect(scriptsTest('--help')).toEqual([0, expect.stringContaining('--node 26')]);
  });
});
