/** R-BYE-2: whether this server accepts new sessions and commands. */

import type { LogIntake } from './flow/log-intake.js';
import type { LogStalenessGuard } from './liveness/log-staleness-guard.js';
import type { Refusal, Shutdown } from './shutdown.js';

/** The parts of the gateway that Availability uses. */
export interface AvailabilityPorts {
  readonly shutdown: Pick<Shutdown, 'refusal'>;
  readonly stalenessGuard: Pick<LogStalenessGuard, 'isStale'>;
  readonly intake: Pick<LogIntake, 'isFull'>;
  /** R-VIEW-6: whether hellos to this group are refused for the time being. */
  readonly isClosedTo: (group: string) => boolean;
}

/** New sessions and commands are refused while this server shuts down, and while its log may be stale. New sessions also while too many entries wait. */
export class Availability {
  readonly #ports: AvailabilityPorts;

  constructor(ports: AvailabilityPorts) {
    this.#ports = ports;
  }

  /** The code with which new sessions and commands are refused (R-BYE-2). Undefined if they are accepted. */
  get refusal(): Refusal | undefined {
    const { shutdown, stalenessGuard } = this.#ports;
    return shutdown.refusal ?? (stalenessGuard.isStale ? 'UNAVAILABLE' : undefined);
  }

  /** The same for a hello to this group. */
  refusalFor(group: string): Refusal | undefined {
    const { intake, isClosedTo } = this.#ports;
    return this.refusal ?? (intake.isFull || isClosedTo(group) ? 'UNAVAILABLE' : undefined);
  }
}
