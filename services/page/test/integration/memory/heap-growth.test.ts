import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { build } from 'esbuild';

/** Ten times what the heap grows by for other reasons, for example compiled code, bytes. */
const GROWTH_BYTES_MAX = 2_000_000;

it('the heap of the page stays flat over 20,000 streams that are read with one signal', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rankd-page-'));
  const outfile = join(directory, 'probe.mjs');
  const entryPoints = [join(__dirname, 'heap-growth-probe.ts')];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  const output = execFileSync(process.execPath, ['--expose-gc', outfile], { encoding: 'utf8', timeout: 100_000 });
  await rm(directory, { recursive: true });
  expect(Number(output)).toBeLessThan(GROWTH_BYTES_MAX);
}, 110_000);
