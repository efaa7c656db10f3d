/** Finds the Node that runs the measured servers. */

import { BenchError, type Children } from '../servers/child.js';

/** A Node binary and its version, for example `v26.12.1`. */
export interface NodeBinary {
  readonly path: string;
  readonly version: string;
}

/** The Node that runs the benchmark. */
export const ownNode: NodeBinary = { path: process.execPath, version: process.version };

const versionDeadlineMs = 10_000;

/**
 * Returns the Node at `path`, or the benchmark's own Node if `path` is undefined.
 * @throws BenchError if no Node starts from `path`
 */
export async function findNode(children: Children, path: string | undefined): Promise<NodeBinary> {
  if (path === undefined) return ownNode;
  const version = await versionOf(children, path);
  if (!/^v\d+\.\d+\.\d+/.test(version)) {
    throw new BenchError(`--node ${path} is not a Node binary: its --version printed ${JSON.stringify(version)}`);
  }
  return { path, version };
}

async function versionOf(children: Children, path: string): Promise<string> {
  try {
    return (await children.run({ program: path, args: ['--version'] }, versionDeadlineMs)).stdout.trim();
  } catch (error) {
    if (!(error instanceof BenchError) || children.isClosed) throw error;
    throw new BenchError(`--node ${path} does not start: ${error.message}`);
  }
}
