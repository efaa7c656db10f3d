import type { HelloMessage } from '@rankd/protocol';
import { Heartbeat, type KeepaliveSettings } from '../liveness/heartbeat.js';
import type { StallFreeClock } from '../liveness/stall-free-clock.js';

export interface AdmissionRequestPorts {
  readonly keepalive: KeepaliveSettings;
  readonly stallFreeClock: Pick<StallFreeClock, 'nowMs'>;
  readonly randomBytes: (count: number) => Buffer;
}

/** What a valid hello asks for. */
export class AdmissionRequest {
  readonly hello: HelloMessage;
  readonly group: string;
  /** The hello gave the admin token. */
  readonly isAdmin: boolean;
  /** With this secret a later session can resume the seat. */
  readonly secret: string;
  /** None for a person at netcat, whose hello has `heartbeat: false`. */
  readonly heartbeat: Heartbeat | undefined;
  /** On the StallFreeClock. */
  readonly helloAtMs: number;
  readonly #stallFreeClock: Pick<StallFreeClock, 'nowMs'>;

  constructor(hello: HelloMessage, isAdmin: boolean, ports: AdmissionRequestPorts) {
    const { keepalive, stallFreeClock, randomBytes } = ports;
    const { nowMs } = stallFreeClock;
    this.hello = hello;
    this.group = hello.group ?? 'default';
    this.isAdmin = isAdmin;
    this.secret = randomBytes(24).toString('base64url');
    this.heartbeat = hello.heartbeat === false ? undefined : new Heartbeat(keepalive, nowMs);
    this.helloAtMs = nowMs;
    this.#stallFreeClock = stallFreeClock;
  }

  /** How long ago the hello came. */
  get waitedMs(): number {
    return this.#stallFreeClock.nowMs - this.helloAtMs;
  }
}
