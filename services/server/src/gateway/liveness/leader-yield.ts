import type { AskToStopEffect, SessionId } from '../../core/index.js';
import type { Gateway } from '../gateway.js';
import type { Session } from '../session/session.js';

interface Ask {
  readonly group: string;
  readonly effect: AskToStopEffect;
}

/** A `yield` that no ask of the core stands behind; its answer says nothing about any. */
const UNASKED = 'unasked';

/**
 * R-LEAD-1: leaders that were asked to stop. What shows that one has stopped is proposed as the answer to the very ask that
 * it answers: one that was let act again meanwhile has to stop again.
 */
export class LeaderYield {
  readonly #gateway: Gateway;
  /** The asks that a session has not answered, in order. */
  readonly #unanswered = new Map<SessionId, (Ask | typeof UNASKED)[]>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Whichever comes first of its word, its own close and the time since it was last heard. */
  ask(group: string, effect: AskToStopEffect): void {
    const ask = { group, effect };
    const { session: id, waitMs } = effect;
    // Only the server that hears it knows when it has stopped.
    if (id !== undefined && !this.#gateway.isOurs(id)) return;
    if (id !== undefined) {
      this.#unanswered.set(id, [...(this.#unanswered.get(id) ?? []), ask]);
      this.#sayYield(this.#gateway.session(id));
    }
    const restMs = id === undefined ? waitMs : this.#gateway.untilSuspendedMs(id);
    // A timer may be up to a ms early.
    this.#gateway.alarms.after(Math.ceil(restMs) + 1, () => {
      this.#stopped(ask);
      if (id !== undefined && this.#gateway.session(id) === undefined) this.#unanswered.delete(id);
    });
  }

  /** It is to act on its rank no more, although nothing waits for that. */
  sayUnasked(session: Session): void {
    this.#unanswered.set(session.id, [...(this.#unanswered.get(session.id) ?? []), UNASKED]);
    session.say({ type: 'yield' });
  }

  /** R-LEAD-2: it answers one `yield` after the other; unasked, it says nothing. */
  yielded(session: Session): void {
    const ask = this.#unanswered.get(session.id)?.shift();
    if (ask !== undefined && ask !== UNASKED) this.#stopped(ask);
  }

  /** The connection is over; by its own end, it has stopped, whether it read what it was asked or not. */
  closed(session: Session, by: 'peer' | 'us'): void {
    const last = this.#unanswered.get(session.id)?.findLast(ask => ask !== UNASKED);
    this.#unanswered.delete(session.id);
    if (by === 'peer' && last !== undefined) this.#stopped(last);
  }

  #sayYield(session: Session | undefined): void {
    if (session?.state.phase !== 'active') return;
    session.state.yielding = 'asked';
    session.state.asked.pulse?.freeze();
    session.say({ type: 'yield' });
  }

  #stopped({ group, effect: { epoch, member, ask } }: Ask): void {
    const { clock, log } = this.#gateway;
    log.append({ kind: 'stopped', group, at: clock.wallMs(), epoch, member: member.id, ask });
  }
}
