import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ChildProcess, repository, within } from '@rankd/testkit';
import { DEADLINE_MS } from '../fleet.js';

const folder = resolve(repository, 'examples');
const running: ChildProcess[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(example => example.dispose()));
});

/** Runs an example until it exits. Returns its exit code, and the lines of each of its parts. */
async function play(name: string, ...args: string[]): Promise<{ code: number | null; said: Map<string, string[]> }> {
  const example = new ChildProcess(process.execPath, [resolve(folder, name, 'run.mjs'), ...args], { cwd: repository });
  running.push(example);
  const { code } = await within(5 * DEADLINE_MS, 'its end', example.exited);
  const said = new Map<string, string[]>();
  for (const line of example.lines) {
    const [label = '', text = ''] = line.split(/ +\| /, 2);
    said.set(label, [...(said.get(label) ?? []), text]);
  }
  return { code, said };
}

describe('examples/outbox', () => {
  it('loses no row and writes none twice if the leader is killed and the next one is stopped before its write', async () => {
    const { code, said } = await play('outbox');
    expect(said.get('example')).toEqual([
      expect.stringMatching(/^bob sent its first row \d+ ms after ann got SIGKILL$/),
      expect.stringMatching(/^cid sent its first row \d+ ms after bob got SIGUSR2$/),
      expect.stringMatching(/^(\d+) rows, \1 sent \(ann \d+, bob \d+, cid \d+\): 0 lost, 0 doubled$/),
    ]);
    expect(said.get('bob')?.at(-1)).toMatch(/my last write was refused$/);
    expect(code).toBe(0);
  });
});

describe('examples/rollout', () => {
  it('names the process that is paused, and exits with 1', async () => {
    const { code, said } = await play('rollout');
    expect(said.get('ann')?.slice(1)).toEqual([
      expect.stringMatching(/^proved: limit 20 on all 4 below me/),
      'not proved: limit 30 on 3 of 4 below me; cid (rank 2) expired',
    ]);
    expect(code).toBe(1);
  });

  it('exits with 0 if no process is paused', async () => {
    const { code, said } = await play('rollout', '--nobody-paused');
    expect(said.get('ann')?.at(-1)).toMatch(/^proved: limit 30 on all 4 below me/);
    expect(code).toBe(0);
  });
});

describe('examples/chain', () => {
  it('stops the subordinates; a command to a superior is refused by the server, and a forged one by the client', async () => {
    const { code, said } = await play('chain');
    expect(said.get('bob')).toEqual([
      'I have rank 1',
      '2 of 2 below me have halted',
      expect.stringMatching(/^the server refuses to send halt to rank 0: OUTRANKED/),
      'I work',
    ]);
    expect(said.get('ann')).toEqual(['I have rank 0', expect.stringMatching(/^I refuse halt: OUTRANKED/), 'I work']);
    expect(code).toBe(0);
  });
});

describe('examples/rolling', () => {
  it('restarts from the last rank to the first, with one change of leadership', async () => {
    const { code, said } = await play('rolling');
    expect(said.get('example')).toEqual([
      'the new release is 1.1',
      'restarted: dan, cid, bob, ann; other leaders than ann and dan: 0',
    ]);
    expect(code).toBe(0);
  });
});

describe('examples/README.md', () => {
  it('lists every example', () => {
    const examples = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
    const listed = [...readFileSync(resolve(folder, 'README.md'), 'utf8').matchAll(/^\| \[(\w+)\]\(\1\)/gm)];
    expect(listed.map(([, name]) => name).sort()).toEqual(examples.map(({ name }) => name).sort());
  });
});
