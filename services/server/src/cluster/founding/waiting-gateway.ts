/** The gateway of a server that waits for a lost cluster. */

import type { Clock } from '../../clock.js';
import type { OrderedLog } from '../../log/ordered-log.js';
import type { FaultReports } from '../waits/fault-reports.js';
import { UnjoinedLog } from './unjoined-log.js';

/** The parts of a gateway that a WaitingGateway uses. */
export interface ClosableGateway {
  readonly stalenessGuard: { checkLog(): void };
  readonly shutdown: { disband(retryAfterMsMax: number): void };
}

/** The functions that a WaitingGateway gets from its owner. */
export interface WaitingGatewayPorts<G extends ClosableGateway> {
  readonly createGateway: (log: OrderedLog, clock: Clock, role: { readonly adopt: () => boolean }) => G;
}

/** Refuses members with UNAVAILABLE. An administrator that connects to this gateway can decide that the server accepts what Redis has. */
export class WaitingGateway<G extends ClosableGateway> {
  readonly #ports: WaitingGatewayPorts<G>;
  readonly #clock: Clock;
  readonly #faults: Pick<FaultReports, 'recordFault'>;
  readonly #adopt: () => boolean;
  #gateway: G | undefined;
  #onOpened: () => void = () => undefined;

  /** `adopt` is called when an administrator has decided. It returns false if the server no longer waits. */
  constructor(
    ports: WaitingGatewayPorts<G>,
    clock: Clock,
    faults: Pick<FaultReports, 'recordFault'>,
    adopt: () => boolean,
  ) {
    this.#ports = ports;
    this.#clock = clock;
    this.#faults = faults;
    this.#adopt = adopt;
  }

  /** The gateway, while the server waits. */
  get gateway(): G | undefined {
    return this.#gateway;
  }

  /** Reports why the server waits. Creates the gateway, if there is none. */
  open(reason: string): void {
    this.#faults.recordFault('all', reason);
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

  /**
   * Resolves when the gateway is opened or `joining` resolves. Rejects if `joining` rejects first. If `joining` rejects after the gateway
   * was opened, the error ends the process.
   */
  async openedOr(joining: Promise<void>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      let state: 'joining' | 'opened' = 'joining';
      this.#onOpened = () => {
        state = 'opened';
        resolve();
      };
      void joining.then(resolve, (error: unknown) => {
        if (state === 'opened') throw error;
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }
}
