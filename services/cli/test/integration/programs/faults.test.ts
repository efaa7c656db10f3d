import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { ChildProcess, repository, within } from '@rankd/testkit';

const RUN_MS = 240_000;
jest.setTimeout(RUN_MS);

// Concurrent tests start before beforeAll.
const folder = mkdtempSync(join(tmpdir(), 'rankctl-planted-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** Runs `npm run test:programs` with these arguments. */
async function strike(...args: readonly string[]): Promise<Outcome> {
  const script = resolve(repository, 'scripts/programs.mjs');
  const run = new ChildProcess(process.execPath, [script, ...args], { cwd: repository });
  const { code } = await within(RUN_MS, 'the end of the faults', run.exited);
  return { code, output: run.output };
}

/** Writes a copy of the built rankctl with a fault planted in it. Returns its path. */
function plant(name: string, text: string, replacement: string): string {
  const bundle = readFileSync(resolve(repository, 'services/cli/bundle/main.js'), 'utf8');
  expect([name, bundle.split(text).length - 1]).toEqual([name, 1]);
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    bundle.replace(text, () => replacement),
  );
  return path;
}

/** `npm run test:programs` runs more faults, also in a cluster. */
describe('no two programs of lead, or of once, are alive at once (R-PROG-4, R-PROG-5, R-PROG-7)', () => {
  it.concurrent('over random faults, with TLS', async () => {
    const { code, output } = await strike('--faults', '8', '--seed', '23', '--tls');
    expect([code, output]).toEqual([0, expect.stringContaining('0 violations')]);
  });

  it.concurrent.each([
    ['yielded-early', 'await leadership.waitForWork();', '', 'move'],
    ['killed-late', 'renew(endsAtMs) {', 'renew(endsAtMs) { endsAtMs += 2400;', 'cut one way to the member'],
    ['socket-not-shared', '[descriptorOf(socket)]', '[]', 'kill rankctl while its guard is slow'],
  ])('finds a planted fault: %s', async (name, text, replacement, fault) => {
    const rankctl = plant(name, text, replacement);
    const { code, output } = await strike('--faults', '20', '--seed', '5', '--only', fault, '--rankctl', rankctl);
    expect([code, output]).toEqual([1, expect.stringMatching(/ms before the last line of process/)]);
  });
});
