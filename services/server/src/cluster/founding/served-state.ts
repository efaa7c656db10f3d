/** What a server keeps over its restarts about the cluster that it has served. */

import type { ClusterResumePoint } from '../lost-history/resume-point.js';

/** The cluster that a server has served, and how far. */
export interface ServedState {
  readonly clusterId: string;
  /** The largest group epoch that its members may know. */
  readonly epoch: number;
  /** For each shard, the last record that the server has read. */
  readonly resumePoint: ClusterResumePoint;
}

/** Keeps the ServedState over restarts of the server. */
export interface ServedStateStore {
  /** Returns what an earlier run has kept. Undefined before the first run. */
  read(): ServedState | undefined;
  /** Replaces what is kept. Rejects with an Error that names the file. */
  write(state: ServedState): Promise<void>;
}
