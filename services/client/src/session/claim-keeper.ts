/** R-JOIN-6: gives the application each new claim to the seat, before the server forgets the earlier one. */

import type { WelcomeMessage } from '@rankd/protocol';
import type { ApplicationCallbacks } from '../callbacks/application-callbacks.js';
import type { Clock } from '../clock.js';
import type { Connection } from '../connection/connection.js';
import { claimOf, type SeatClaim } from './seat.js';

/** Stores a claim, for example in a file. The library sends nothing on the session until the returned promise settles. */
export type KeepClaim = (claim: SeatClaim) => unknown;

/**
 * Calls `keepClaim` of the application with the claim of each welcome. Holds the frames of the session back until the application has
 * stored the claim, because the server keeps the earlier secret only until the next frame of the session. So at every moment one of the two
 * secrets is stored and valid, even if the process dies.
 */
export class ClaimKeeper {
  readonly #keepClaim: KeepClaim | undefined;
  readonly #callbacks: Pick<ApplicationCallbacks, 'report'>;
  readonly #clock: Clock;
  /** Sends the frames that the last session holds back, and stops its timer. Does nothing if it holds none. */
  #sendHeld: () => void = () => undefined;
  /** Resolves when the last claim is stored. Claims are stored one after the other, so that the last one remains. */
  #storing: Promise<void> | undefined;

  constructor(keepClaim: KeepClaim | undefined, callbacks: Pick<ApplicationCallbacks, 'report'>, clock: Clock) {
    this.#keepClaim = keepClaim;
    this.#callbacks = callbacks;
    this.#clock = clock;
  }

  /** Holds the frames of a session back until `keepClaim` has settled. Call it when the welcome arrives, before anything is sent. */
  holdFrames(connection: Pick<Connection, 'holdWrites'>): void {
    this.sendHeldFrames();
    if (this.#keepClaim !== undefined) this.#sendHeld = connection.holdWrites();
  }

  /**
   * Passes the claim of a welcome to the application, then sends the frames that are held back. Sends them after `heartbeatMs` even if the
   * application has not stored the claim: the server would end a session that answers no ping for `deadMs`, which is longer.
   */
  keepClaim(welcome: WelcomeMessage): void {
    const keepClaim = this.#keepClaim;
    if (keepClaim === undefined) return;
    const sendHeld = this.#sendHeld;
    const { heartbeatMs } = welcome;
    const timer = this.#clock.after(heartbeatMs, () => {
      sendHeld();
      const text = `keepClaim has not settled within ${heartbeatMs} ms. The frames of this session are sent without waiting for it`;
      this.#callbacks.report('keepClaim', new Error(`${text}: a restarted process may not find its seat`));
    });
    const settle = (): void => {
      timer.cancel();
      sendHeld();
    };
    this.#sendHeld = settle;
    const store = async (): Promise<void> => this.#store(keepClaim, claimOf(welcome));
    const storing = (this.#storing === undefined ? store() : this.#storing.then(store)).then(() => {
      if (this.#storing === storing) this.#storing = undefined;
      settle();
    });
    this.#storing = storing;
  }

  /** Sends the frames that are held back at once: the session is over, the member leaves, or it has no seat on this session. */
  sendHeldFrames(): void {
    this.#sendHeld();
  }

  async #store(keepClaim: KeepClaim, claim: SeatClaim): Promise<void> {
    try {
      await keepClaim(claim);
    } catch (error) {
      this.#callbacks.report('keepClaim', error);
    }
  }
}
