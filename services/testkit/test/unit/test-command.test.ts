import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repository } from '../../src/processes/repository.js';

const program = resolve(repository, 'scripts/test.mjs');
const sequencer = resolve(repository, 'scripts/lib/longest-first.mjs');

/** Returns the exit code and the output of scripts/test. */
function scriptsTest(...args: string[]): [number | null, string] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return [status, stdout + stderr];
}

describe('scripts/test', () => {
  it.each([
    [['--node', '25'], '--node takes 26, not 25'],
    [['unit', '--node='], '--node takes 26, not '],
    [['integration', '--node', '26'], '--node needs the part unit'],
    [['units'], 'no such part: units'],
    [['--fast'], "Unknown option '--fast'"],
  ])('rejects %j with 2 before it starts anything', (args, fault) => {
    expect(scriptsTest(...args)).toEqual([2, expect.stringContaining(`rankd: ${fault}`)]);
  });

  it('explains --node', () => {
    expect(scriptsTest('--help')).toEqual([0, expect.stringContaining('--node 26')]);
  });
});

it('every test file that scripts/lib/longest-first.mjs starts first exists', () => {
  const script = `import { longest } from ${JSON.stringify(sequencer)}; console.log(longest.join());`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const names = stdout.trim().split(',');
  const files = spawnSync('git', ['ls-files', 'services'], { cwd: repository, encoding: 'utf8' }).stdout.split('\n');
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter(name => !files.some(file => file.endsWith(`/${name}`)))).toEqual([]);
});
