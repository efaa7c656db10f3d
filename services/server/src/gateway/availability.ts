/** R-BYE-2: whether this server accepts new sessions and commands. */

import type { AdmissionRequest } from './admission/admission-request.js';
import type { LogIntake } from './flow/log-intake.js';
import type { LogStalenessGuard } from './liveness/log-staleness-guard.js';
import type { Refusal, Shutdown } from './shutdown.js';

/** The parts of the gateway that Availability uses. */
export interface AvailabilityPorts {
  readonly shutdown: Pick<Shutdown, 'refusal'>;
  readonly stalenessGuard: Pick<LogStalenessGuard, 'isStale'>;
  /** Whether this server waits for a lost cluster, and only administrators can decide about it. */
  readonly isWaiting: boolean;
  readonly intake: Pick<LogIntake, 'isFull'>;
  /** R-VIEW-6: whether hellos to this group are refused for the time being. */
  readonly isClosedTo: (group: string) => boolean;
}

/**
 * New sessions and commands are refused while this server shuts down, and while its log may be stale. While too many entries wait, only new
 * sessions are refused.
 */
export class Availability {
  readonly #ports: AvailabilityPorts;

  constructor(ports: AvailabilityPorts) {
    this.#ports = ports;
  }

  /** Whether this server waits for a lost cluster. */
  get isWaiting(): boolean {
    return this.#ports.isWaiting;
  }

  /** The code with which new sessions and commands are refused (R-BYE-2). Undefined if they are accepted. */
  get refusal(): Refusal | undefined {
    const { shutdown, stalenessGuard } = this.#ports;
    return shutdown.refusal ?? (stalenessGuard.isStale ? 'UNAVAILABLE' : undefined);
  }

  /** The code with which a connection is refused before its hello. While this server waits, the hello decides. */
  get refusalAtOnce(): Refusal | undefined {
    return this.#ports.isWaiting ? this.#ports.shutdown.refusal : this.refusal;
  }

  /**
   * The code with which a hello to this group is refused. Undefined if it is accepted. `adopts`: an administrator decides about the lost
   * cluster for which this server waits.
   */
  refusalFor({ group, adopts }: Pick<AdmissionRequest, 'group' | 'adopts'>): Refusal | undefined {
    const { isWaiting, intake, isClosedTo, shutdown } = this.#ports;
    if (isWaiting && adopts) return shutdown.refusal;
    return this.refusal ?? (intake.isFull || isClosedTo(group) ? 'UNAVAILABLE' : undefined);
  }
}
