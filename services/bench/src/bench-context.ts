import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Children } from './servers/child.js';
import type { CpuAssignment } from './machine/cpu-pinning.js';
import type { NodeBinary } from './machine/node-binary.js';
import type { Tool } from './servers/tools.js';

/** What everything that runs has in common. */
export interface BenchContext {
  readonly children: Children;
  readonly tools: readonly Tool[];
  readonly cores: CpuAssignment;
  /** What runs rankd, and whatever else of Node is measured. */
  readonly node: NodeBinary;
  /** The checkout whose built server is measured. */
  readonly repository: string;
  /** A directory that goes when the run ends. */
  readonly scratch: string;
}

export async function createScratch(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'rankd-bench-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
