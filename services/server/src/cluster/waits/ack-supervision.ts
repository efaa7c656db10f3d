/** Checks whether the log still acknowledges the entries of this server. */

import type { Clock } from '../../clock.js';
import type { ClusterLog } from '../cluster-log.js';
import { describeDoubt } from './cluster-readiness.js';
import type { FaultReports } from './fault-reports.js';

/** The incarnation ends after this long without an acknowledged heartbeat. Its members reconnect to other servers. */
export const CLOSE_MS = 5000;
/** How often CLOSE_MS is checked. */
const SUPERVISE_MS = 100;

/** The functions and values that an AckSupervision gets from its owner. */
export interface AckSupervisionPorts {
  readonly clock: Pick<Clock, 'after'>;
  readonly faults: FaultReports;
  /** Returns the log of the present incarnation. Undefined while this server joins. */
  readonly log: () => Pick<ClusterLog, 'sinceLastAckMs' | 'isCurrent'> | undefined;
  /** No heartbeat was acknowledged for CLOSE_MS. */
  readonly onUnheard: () => void;
}

/**
 * Ends an incarnation whose heartbeats are not acknowledged. Before that, reports once that the log may be stale, and reports when it is
 * current again.
 */
export class AckSupervision {
  readonly #ports: AckSupervisionPorts;
  #cancel: () => void = () => undefined;

  constructor(ports: AckSupervisionPorts) {
    this.#ports = ports;
  }

  /** Starts the checks. */
  start(): void {
    const timer = this.#ports.clock.after(SUPERVISE_MS, () => {
      this.#check();
      this.start();
    });
    this.#cancel = () => timer.cancel();
  }

  stop(): void {
    this.#cancel();
  }

  #check(): void {
    const { faults, onUnheard } = this.#ports;
    const log = this.#ports.log();
    if (log === undefined) return;
    if (log.sinceLastAckMs >= CLOSE_MS) onUnheard();
    else if (log.isCurrent()) faults.recordEnd('acknowledgements');
    else faults.recordFault('acknowledgements', describeDoubt(log.sinceLastAckMs));
  }
}
