/** Which version each server of a simulated cluster has. */

import type { LogFormats } from '@rankd/server/dist/cluster/formats/log-format.js';
import { SeededRandom } from '@rankd/testkit';
import { simulatedFormats } from './simulated-formats.js';

/** One seed in so many simulates a rolling upgrade. */
const UPGRADE_EVERY = 5;
/** The share of replaced servers that get the new version. Others are rolled back, also after the format was raised. */
const NEW_SHARE = 0.75;

/**
 * The versions of the servers of one seed. In a rolling upgrade, the first servers are old. Each replaced server is new or old. In other
 * seeds all servers have the formats of this version of rankd.
 */
export class ServerVersions {
  readonly #isUpgrade: boolean;
  /** A generator of its own, so that the other seeds have the same events as without upgrades. */
  readonly #random: SeededRandom;
  #state: 'starting' | 'upgrading' | 'finished' = 'starting';

  constructor(seed: number) {
    this.#isUpgrade = seed % UPGRADE_EVERY === 0;
    this.#random = new SeededRandom(seed);
  }

  /** Records that all first servers were created: later ones may be new. */
  startUpgrade(): void {
    this.#state = 'upgrading';
  }

  /** Records that later servers are all new. */
  finishUpgrade(): void {
    this.#state = 'finished';
  }

  /** Returns the formats that a created server reads. */
  pickFormats(): LogFormats {
    if (!this.#isUpgrade || this.#state === 'starting') return simulatedFormats.old;
    return this.#state === 'finished' || this.#random.chance(NEW_SHARE) ? simulatedFormats.new : simulatedFormats.old;
  }

  /** Whether a server has to be replaced before the upgrade is complete. */
  isOld(formats: LogFormats): boolean {
    return this.#isUpgrade && formats === simulatedFormats.old;
  }
}
