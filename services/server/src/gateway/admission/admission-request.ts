/** R-JOIN-1: what a session asks for in its hello. */

import type { HelloMessage } from '@rankd/protocol';
import { Heartbeat, type KeepaliveSettings } from '../liveness/heartbeat.js';
import type { StallFreeClock } from '../liveness/stall-free-clock.js';

/** The parts of the server that AdmissionRequest uses. */
export interface AdmissionRequestPorts {
  readonly keepalive: KeepaliveSettings;
  readonly stallFreeClock: Pick<StallFreeClock, 'nowMs'>;
  readonly randomBytes: (count: number) => Buffer;
}

/** Whether the hello is that of an administrator who decides about a lost cluster. */
export function requiresAdoption({ require }: HelloMessage): boolean {
  return require?.includes(ADOPTION) === true;
}

/** The feature that `rankctl servers adopt` requires. */
export const ADOPTION = 'adopt';

/** A valid hello and the values that the server creates for it. */
export class AdmissionRequest {
  readonly hello: HelloMessage;
  readonly group: string;
  /** Whether the hello contained the admin token (R-ADMIN-1). */
  readonly isAdmin: boolean;
  /** Whether an administrator decides about the lost cluster for which the server waits (R-ADMIN-1). */
  readonly adopts: boolean;
  /** The secret with which a later session can resume the seat (R-JOIN-6). */
  readonly secret: string;
  /** The pings and pongs of the session. Undefined if the hello contained `heartbeat: false`, for example from a person at netcat. */
  readonly heartbeat: Heartbeat | undefined;
  /** When the hello was received: time of the StallFreeClock. */
  readonly helloAtMs: number;
  /** The same moment on the monotonic clock, in milliseconds. */
  readonly helloMonotonicMs: number;
  readonly #stallFreeClock: Pick<StallFreeClock, 'nowMs'>;

  constructor(hello: HelloMessage, isAdmin: boolean, helloMonotonicMs: number, ports: AdmissionRequestPorts) {
    const { keepalive, stallFreeClock, randomBytes } = ports;
    const { nowMs } = stallFreeClock;
    this.hello = hello;
    this.group = hello.group ?? 'default';
    this.isAdmin = isAdmin;
    this.adopts = requiresAdoption(hello);
    this.secret = randomBytes(24).toString('base64url');
    this.heartbeat = hello.heartbeat === false ? undefined : new Heartbeat(keepalive, nowMs);
    this.helloAtMs = nowMs;
    this.helloMonotonicMs = helloMonotonicMs;
    this.#stallFreeClock = stallFreeClock;
  }

  /** The time since the hello was received. */
  get waitedMs(): number {
    return this.#stallFreeClock.nowMs - this.helloAtMs;
  }
}
