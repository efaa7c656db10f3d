/** Which version each server of a simulated cluster has. */

import type { LogFormats } from 'rankd/dist/cluster/formats/log-format.js';
import { SeededRandom } from '@rankd/testkit';
import type { ClusterFault } from './cluster-faults.js';

/** One of this many seeds simulates a rolling upgrade. */
const UPGRADE_EVERY = 5;
/** In a rolling upgrade, a server is stopped each time after this many steps. */
const ROLL_EVERY_STEPS = 15;
/**
 * The first this many replaced servers get the new version. After that each replaced server is new or old, also after the format was
 * raised.
 */
const NEW_FIRST = 4;

/**
 * The versions of the servers of one seed. In a rolling upgrade, the first servers are old. Each replaced server is new or old. In other
 * seeds all servers have the formats of this version of rankd.
 */
export class ServerVersions {
  readonly #isUpgrade: boolean;
  readonly #old: LogFormats;
  readonly #new: LogFormats;
  /** A separate generator, so that upgrades do not change the events of the other seeds. */
  readonly #random: SeededRandom;
  #state: 'starting' | 'upgrading' | 'finished' = 'starting';
  #replacedCount = 0;

  constructor(seed: number, { oldFormats, newFormats }: Pick<ClusterFault, 'oldFormats' | 'newFormats'>) {
    this.#old = oldFormats;
    this.#new = newFormats;
    this.#isUpgrade = seed % UPGRADE_EVERY === 0;
    this.#random = new SeededRandom(seed);
  }

  /** Whether all servers have the same version. */
  get areAlike(): boolean {
    return !this.#isUpgrade;
  }

  /** Whether the log has format 1 for some time, in which the close of a connection is a proof that a leader has stopped. */
  get hasFormatOne(): boolean {
    return this.#isUpgrade || this.#new.newest.version === 1;
  }

  /** Records that all first servers were created: later ones may be new. */
  startUpgrade(): void {
    this.#state = 'upgrading';
  }

  /** Records that later servers are all new. */
  finishUpgrade(): void {
    this.#state = 'finished';
  }

  /** Returns the index of the server of `count` that the rolling upgrade stops after this step. Returns undefined if it stops none. */
  serverToRoll(step: number, count: number): number | undefined {
    const isDue = this.#isUpgrade && step % ROLL_EVERY_STEPS === 0;
    return isDue ? (step / ROLL_EVERY_STEPS) % count : undefined;
  }

  /** Returns the formats that a created server reads. */
  pickFormats(): LogFormats {
    if (!this.#isUpgrade) return this.#new;
    if (this.#state === 'starting') return this.#old;
    this.#replacedCount += 1;
    const isNew = this.#state === 'finished' || this.#replacedCount <= NEW_FIRST || this.#random.chance(0.5);
    return isNew ? this.#new : this.#old;
  }

  /** Whether a server has to be replaced before the upgrade is complete. */
  isOld(formats: LogFormats): boolean {
    return this.#isUpgrade && formats === this.#old;
  }
}
