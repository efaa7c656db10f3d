/** Decides when a server proposes to raise the format of a shard. */

import type { ServerId, ServerRegistry } from '../../core/index.js';
import type { LogFormats } from './log-format.js';

/**
 * Counts for how long all servers of a cluster have been able to read a newer format. The server that has followed the shard longest
 * proposes it.
 */
export class FormatRaise {
  readonly #server: ServerId;
  readonly #formats: LogFormats;
  #steadyBeats = 0;

  constructor(server: ServerId, formats: LogFormats) {
    this.#server = server;
    this.#formats = formats;
  }

  /**
   * Called with each heartbeat. Returns the format to propose, or undefined. `clusterFormat` is the format of the register, in which every
   * server of the cluster is registered. It is undefined for the register itself.
   */
  nextFormat(registry: ServerRegistry, clusterFormat: number | undefined): number | undefined {
    const { newest, steadyBeats } = this.#formats;
    const format = clusterFormat ?? Math.min(newest.version, registry.commonFormat);
    this.#steadyBeats = format > registry.format ? this.#steadyBeats + 1 : 0;
    const isDue = this.#steadyBeats >= (clusterFormat === undefined ? steadyBeats : 1);
    return isDue && registry.servers[0]?.id === this.#server ? format : undefined;
  }
}
