import { encodeFrame } from '@rankd/protocol';
import type { AskToStopEffect, SessionId } from '../../core/index.js';
import type { GroupChannels } from '../delivery/group-channels.js';
import type { Proposals } from '../proposals.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import type { ClosedBy } from '../transport/connection.js';
import type { DeadlineTimers } from './deadline-timers.js';
import type { SessionHeartbeats } from './session-heartbeats.js';

interface YieldRequest {
  readonly group: string;
  readonly effect: AskToStopEffect;
}

/** A `yield` that this server sent by itself. The core has not asked for it, so the leader's answer proposes nothing. */
const UNREQUESTED = 'unrequested';

export interface LeaderYieldPorts {
  readonly proposals: Pick<Proposals, 'propose'>;
  readonly sessions: Pick<OpenSessions, 'get' | 'has' | 'isOwn'>;
  readonly channels: Pick<GroupChannels, 'sendInOrder'>;
  readonly timers: Pick<DeadlineTimers, 'after'>;
  readonly heartbeats: Pick<SessionHeartbeats, 'untilSuspendedMs'>;
}

/**
 * Asks leaders to yield and proposes `stopped` when one has stopped (R-LEAD-1). The proposal names the request that the leader
 * answered, because a leader that may act again has to stop again.
 */
export class LeaderYield {
  readonly #ports: LeaderYieldPorts;
  /** Requests that a session has not answered, in order. */
  readonly #unanswered = new Map<SessionId, (YieldRequest | typeof UNREQUESTED)[]>();

  constructor(ports: LeaderYieldPorts) {
    this.#ports = ports;
  }

  /** The leader has stopped at the first of: its `yielded`, its own close, the time at which it has suspended itself. */
  requestYield(group: string, effect: AskToStopEffect): void {
    const { sessions, heartbeats, timers } = this.#ports;
    const request = { group, effect };
    const { session: id, waitMs } = effect;
    // Only the server of the session knows when it has stopped.
    if (id !== undefined && !sessions.isOwn(id)) return;
    if (id !== undefined) {
      this.#unanswered.set(id, [...(this.#unanswered.get(id) ?? []), request]);
      this.#sendYield(sessions.get(id));
    }
    const restMs = id === undefined ? waitMs : heartbeats.untilSuspendedMs(id);
    // A timer may be up to a ms early.
    timers.after(Math.ceil(restMs) + 1, () => {
      this.#proposeStopped(request);
      if (id !== undefined && !sessions.has(id)) this.#unanswered.delete(id);
    });
  }

  /** Sends a `yield` for which no request of the core waits. */
  sendUnrequestedYield(session: Session): void {
    this.#unanswered.set(session.id, [...(this.#unanswered.get(session.id) ?? []), UNREQUESTED]);
    session.sendMessage({ type: 'yield' });
  }

  /** R-LEAD-2: a session answers one `yield` after the other. Without one, its `yielded` counts for nothing. */
  recordYielded(session: Session): void {
    const request = this.#unanswered.get(session.id)?.shift();
    if (request !== undefined && request !== UNREQUESTED) this.#proposeStopped(request);
  }

  /** The connection is over. A peer that closed it has stopped, even if it has not read the `yield`. */
  recordClose(session: Session, by: ClosedBy): void {
    const last = this.#unanswered.get(session.id)?.findLast(request => request !== UNREQUESTED);
    this.#unanswered.delete(session.id);
    if (by === 'peer' && last !== undefined) this.#proposeStopped(last);
  }

  /** R-VIEW-3: the view that the leader has yet to be sent comes first. After its `yield` it is sent commands, but no view. */
  #sendYield(session: Session | undefined): void {
    if (session?.state.phase !== 'active') return;
    const { state } = session;
    this.#ports.channels.sendInOrder(session, encodeFrame({ type: 'yield' }));
    state.yielding = 'requested';
    state.request.heartbeat?.freeze();
  }

  #proposeStopped({ group, effect: { epoch, member, ask } }: YieldRequest): void {
    this.#ports.proposals.propose({ kind: 'stopped', group, epoch, member: member.id, ask });
  }
}
