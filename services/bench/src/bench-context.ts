/** The values that all parts of a benchmark run share. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Children } from './servers/child.js';
import type { CpuAssignment } from './machine/cpu-pinning.js';
import type { NodeBinary } from './machine/node-binary.js';
import type { Tool } from './servers/tools.js';

/** The values that all parts of a run share. */
export interface BenchContext {
  readonly children: Children;
  readonly tools: readonly Tool[];
  readonly cores: CpuAssignment;
  /** The Node binary that runs rankd and the other measured programs in Node. */
  readonly node: NodeBinary;
  /** The root directory of the checkout whose built server is measured. */
  readonly repository: string;
  /** A temporary directory, which is deleted when the run ends. */
  readonly scratch: string;
}

/** Makes a temporary directory. Disposing it deletes it. */
export async function createScratch(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'rankd-bench-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
