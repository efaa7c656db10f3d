import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

/** Ten times what the heap grows by for other reasons, for example compiled code, bytes. */
const GROWTH_BYTES_MAX = 2_500_000;

it('the heap stays flat over 200,000 executed commands, 10,000 reconnects and 20,000 commands with one signal', () => {
  const program = join(__dirname, 'programs/heap-growth.mjs');
  const output = execFileSync(process.execPath, ['--expose-gc', program], { encoding: 'utf8', timeout: 100_000 });
  const grown = JSON.parse(output) as Record<'executed' | 'reconnected' | 'sent', number>;
  expect(Object.entries(grown).filter(([, bytes]) => bytes > GROWTH_BYTES_MAX)).toEqual([]);
}, 110_000);
