import type { Gateway } from '../gateway.js';
import type { Session } from '../session/session.js';
import { heartbeatOf } from '../session/session-state.js';

/**
 * While this server cannot know how things stand (the log has not answered for too long) its members act on their ranks no
 * more: each is asked to yield and its lease is renewed no more, so that whatever the others decide meanwhile finds them
 * stopped (R-LEAD-1). In a log of the server's own there is never doubt.
 */
export class LogStalenessGuard {
  readonly #gateway: Gateway;
  #state: 'none' | 'doubtful' = 'none';

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  get isThere(): boolean {
    return this.#state === 'doubtful';
  }

  /** Is looked at by the clock before anything is renewed: a process that was stopped and continued must not be late. */
  look(sessions: Iterable<Session>, isCurrent: boolean): void {
    if (isCurrent !== this.isThere) return;
    this.#state = isCurrent ? 'none' : 'doubtful';
    for (const session of sessions) {
      if (isCurrent) this.#trust(session);
      else this.#suspend(session);
    }
  }

  #suspend(session: Session): void {
    const { state } = session;
    heartbeatOf(state)?.freeze();
    if (state.phase !== 'active' || state.yielding !== 'no') return;
    state.yielding = 'doubt';
    this.#gateway.stopping.sayUnasked(session);
  }

  /** R-LEAD-2: a view lets it act again. Whom the order has asked to stop meanwhile still has to. */
  #trust(session: Session): void {
    const { state } = session;
    if (state.phase === 'active' && state.yielding === 'asked') return;
    if (state.phase === 'active' && state.yielding === 'doubt') {
      state.yielding = 'no';
      this.#gateway.desk(state.group.name).reassure(session);
    }
    const pulse = heartbeatOf(state);
    if (pulse?.thaw(this.#gateway.livedMs) === true) this.#gateway.beats(session, pulse);
  }
}
