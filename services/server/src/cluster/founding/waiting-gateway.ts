/** The gateway of a server that waits for a lost cluster. */

import type { Clock } from '../../clock.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { ClusterServerPorts } from '../incarnation/cluster-server-ports.js';
import { UnjoinedLog } from './unjoined-log.js';

/** Refuses members with UNAVAILABLE. An administrator can decide there that the server accepts what Redis has. */
export class WaitingGateway {
  readonly #ports: Pick<ClusterServerPorts, 'createGateway'>;
  readonly #clock: Clock;
  readonly #adopt: () => boolean;
  #gateway: Gateway | undefined;
  #onOpened: () => void = () => undefined;

  /** `adopt` is called when an administrator has decided. It returns false if the server no longer waits. */
  constructor(ports: Pick<ClusterServerPorts, 'createGateway'>, clock: Clock, adopt: () => boolean) {
    this.#ports = ports;
    this.#clock = clock;
    this.#adopt = adopt;
  }

  /** The gateway, while the server waits. */
  get gateway(): Gateway | undefined {
    return this.#gateway;
  }

  /** Creates the gateway, if there is none. */
  open(): void {
    if (this.#gateway !== undefined) return;
    this.#gateway = this.#ports.createGateway(new UnjoinedLog(), this.#clock, { adopt: this.#adopt });
    this.#gateway.stalenessGuard.checkLog();
    this.#onOpened();
  }

  /** Ends the sessions of the gateway: the server has joined a cluster. */
  close(): void {
    this.#gateway?.shutdown.disband(0);
    this.#gateway = undefined;
  }

  /** Resolves when the gateway is opened or `joining` resolves. Rejects with `joining`. After the gateway was opened, an error of `joining` ends the process. */
  async openedOr(joining: Promise<void>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      let state: 'joining' | 'opened' = 'joining';
      this.#onOpened = () => {
        state = 'opened';
        resolve();
      };
      void joining.then(resolve, (error: unknown) => {
        if (state === 'opened') throw error;
        reject(error as Error);
      });
    });
  }
}
