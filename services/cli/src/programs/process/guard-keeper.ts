/** Keeps a guard running while a program may run. */

import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '@rankd/client/internal';
import { RestartDelay } from '../policy/restart-delay.js';
import { Guard } from './guard.js';

/** The events of a keeper. */
interface GuardKeeperEvents {
  /** The guard has died. Programs that it held must be killed at once. `retryInMs`: when the next guard is started, ms. */
  died: [{ readonly why: string; readonly retryInMs: number }];
  /** A guard can hold a program. */
  ready: [];
}

/** What a guard protects: nothing yet, every program of this process, or the programs of one session, whose socket it shares. */
type Protection =
  { readonly kind: 'none' } | { readonly kind: 'process' } | { readonly kind: 'session'; readonly socket: Socket };

/** Starts a guard, and another one if it dies. */
export class GuardKeeper extends EventEmitter<GuardKeeperEvents> {
  readonly #clock: Clock;
  readonly #delay = new RestartDelay();
  #protection: Protection = { kind: 'none' };
  #guard: Guard | undefined;
  #retry: Timer | undefined;

  constructor(clock: Clock) {
    super();
    this.setMaxListeners(0);
    this.#clock = clock;
  }

  /** The guard that can hold a program now. Undefined if there is none. */
  get guard(): Guard | undefined {
    return this.#guard?.isUp === true ? this.#guard : undefined;
  }

  /** Starts a guard for every program of this process. */
  openForProcess(): void {
    this.#open({ kind: 'process' });
  }

  /** Starts a guard for the programs of a session. It shares the socket of the session. */
  openForSession(socket: Socket): void {
    this.#open({ kind: 'session', socket });
  }

  /** Ends the guard. The guard first kills the groups that it still holds. */
  close(): void {
    this.#protection = { kind: 'none' };
    this.#retry?.cancel();
    this.#guard?.close();
    this.#guard = undefined;
  }

  /** Resolves with a guard that can hold a program. Resolves with undefined if `signal` is aborted first. */
  async waitForGuard(signal: AbortSignal): Promise<Guard | undefined> {
    while (this.guard === undefined && !signal.aborted) {
      await once(this, 'ready', { signal }).catch(() => undefined);
    }
    return this.guard;
  }

  #open(protection: Protection): void {
    this.close();
    this.#protection = protection;
    this.#start();
  }

  #start(): void {
    const socket = this.#protection.kind === 'session' ? this.#protection.socket : undefined;
    try {
      const guard = new Guard(socket);
      this.#guard = guard;
      guard.once('died', ({ why }) => this.#recordDeath(guard, why));
      void guard.ready.then(() => {
        if (this.#guard === guard) this.emit('ready');
      });
    } catch (error) {
      // For example, the limit of processes or of file descriptors is reached, or the socket has closed.
      this.#recordDeath(undefined, String(error));
    }
  }

  #recordDeath(guard: Guard | undefined, why: string): void {
    if (this.#guard !== guard || this.#protection.kind === 'none') return;
    this.#guard = undefined;
    const retryInMs = this.#delay.next(this.#clock.nowMs());
    this.#retry = this.#clock.after(retryInMs, () => this.#start());
    this.emit('died', { why, retryInMs });
  }
}
