/** Runs a program while a member leads, and at no other time (R-PROG-4). */

import type { Membership } from '@rankd/client';
import { systemEnvironment } from '@rankd/client/internal';
import { onAbort } from '@rankd/protocol';
import { readMemberFields } from '../line/member-fields.js';
import type { Guard } from '../process/guard.js';
import { monotonicMs } from '../process/guard-messages.js';
import { LeaseBounds, slackOf } from '../policy/lease-bounds.js';
import type { ProgramExit } from '../program-runner.js';
import type { ProgramSession } from './program-session.js';
import { pause } from './pause.js';
import type { Predecessor } from './predecessor.js';

/** How long the program of a new leader waits for the guard of the earlier leader, ms (R-PROG-5). */
const START_DELAY_MS = 150;

/** How often to look whether a lease that is about to end was renewed, ms. */
const RENEWAL_POLL_MS = 20;

/** What a verb decides. */
export interface LeadershipPolicy {
  /** How long after the member has got rank 0 the program may start, ms. */
  readonly startDelayMs: () => number;
  /**
   * Called when the program has exited by itself and nothing of it runs any more. Resolves with how long to wait before it is started again,
   * ms, or with `end`. `leading` is aborted when the member stops leading.
   */
  readonly afterExit: (exit: ProgramExit, leading: AbortSignal) => Promise<number | 'end'>;
}

/** Returns the delay before the program starts: none if the earlier leader is known to have stopped. */
export function startDelayMs({ hasLeft }: Predecessor): number {
  return hasLeft ? 0 : START_DELAY_MS;
}

/** Whether a member leads and its program runs, so that a probe may send traffic to it (R-PROG-9). */
export function leadsWithProgram({ me, runner }: Pick<ProgramSession, 'me' | 'runner'>): boolean {
  return me.rank === 0 && runner.running !== undefined;
}

/** One period in which the member leads. */
export class LeadershipProgram {
  readonly #session: ProgramSession;
  readonly #policy: LeadershipPolicy;
  readonly #leading: AbortSignal;
  /** Aborted when the member stops leading or rankctl ends. */
  readonly #over: AbortSignal;
  readonly #bounds: LeaseBounds;
  /** The exit after which rankctl ends. Undefined while the program runs or is to run again. */
  #lastExit: ProgramExit | undefined;

  /** @param leading aborted when the member must stop acting on its rank; reading `aborted` checks the clock */
  constructor(session: ProgramSession, policy: LeadershipPolicy, leading: AbortSignal) {
    const { me, runner, guards, ending } = session;
    this.#session = session;
    this.#policy = policy;
    this.#leading = leading;
    this.#over = AbortSignal.any([leading, ending.signal]);
    this.#bounds = new LeaseBounds(systemEnvironment.clock, me.server === undefined ? 0 : slackOf(me.server), {
      onStop: () => runner.stop('leadership'),
      onKill: () => runner.kill('leadership'),
      onKillAt: () => this.#boundGuard(guards.guard),
    });
  }

  /**
   * Runs the program until the member stops leading, rankctl ends, or the policy ends it. Resolves when nothing of the program runs any
   * more. Returns the exit after which rankctl ends, if the policy says so.
   */
  async run(): Promise<ProgramExit | undefined> {
    const { me, runner } = this.#session;
    const renew = (): void => this.#renew(me);
    me.on('lease', renew);
    renew();
    const removeListener = onAbort(this.#leading, () => {
      // After a request to yield, a renewal of the lease does not extend the time of the program.
      this.#bounds.freeze();
      runner.stop('leadership');
    });
    try {
      await pause(Math.max(this.#policy.startDelayMs(), this.#session.access.startHoldMs), this.#over);
      while (!this.#over.aborted && !this.#leading.aborted && this.#lastExit === undefined) await this.#runOnce();
      return this.#lastExit;
    } finally {
      removeListener();
      me.off('lease', renew);
      this.#bounds.end();
    }
  }

  #renew({ leaseEndsAt }: Membership): void {
    if (leaseEndsAt !== undefined) this.#bounds.renew(leaseEndsAt);
  }

  async #runOnce(): Promise<void> {
    const { me, guards, runner, access } = this.#session;
    await access.recordStart();
    const guard = await guards.waitForGuard(this.#over);
    if (guard === undefined || this.#over.aborted || this.#leading.aborted || !guard.isUp) return;
    if (!this.#bounds.leavesTime) {
      // Too little of the lease is left for a start. Wait until it is renewed, or until the member stops leading.
      await pause(RENEWAL_POLL_MS, this.#over);
      return;
    }
    this.#boundGuard(guard);
    const exit = await runner.run(readMemberFields(me), guard);
    if (exit.stopped !== undefined) return;
    const next = await this.#policy.afterExit(exit, this.#leading);
    if (next === 'end') this.#lastExit = exit;
    else await pause(next, this.#over);
  }

  /** Sets when the guard kills the program, whatever rankctl does. */
  #boundGuard(guard: Guard | undefined): void {
    const { killAtMs } = this.#bounds;
    if (killAtMs !== undefined) guard?.setKillAt(killAtMs - systemEnvironment.clock.nowMs() + monotonicMs());
  }
}
