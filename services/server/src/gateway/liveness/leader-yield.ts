/** R-LEAD-1, R-LEAD-2: asks a leader to stop before another member leads. */

import { encodeFrame } from '@rankd/protocol';
import type { AskToStopEffect, SessionId, StoppedEntry } from '../../core/index.js';
import type { GroupChannels } from '../delivery/group-channels.js';
import type { Proposals } from '../proposals.js';
import type { OpenSessions } from '../session/open-sessions.js';
import { endHeldLeader } from '../session/held-views.js';
import type { Session } from '../session/session.js';
import type { ClosedBy } from '../transport/connection.js';
import type { AbsenceTimers } from './absence-timers.js';
import type { SessionHeartbeats } from './session-heartbeats.js';

/** A request of the core to a leader to stop. */
interface YieldRequest {
  readonly group: string;
  readonly effect: AskToStopEffect;
}

/** A `yield` for which the core did not ask. Its answer proposes nothing. */
const UNREQUESTED = 'unrequested';

/** The parts of the gateway that LeaderYield uses. */
export interface LeaderYieldPorts {
  readonly proposals: Pick<Proposals, 'propose'>;
  readonly sessions: Pick<OpenSessions, 'get' | 'has' | 'isOwn'>;
  readonly channels: Pick<GroupChannels, 'sendInOrder'>;
  readonly heartbeats: Pick<SessionHeartbeats, 'runWhenSuspended'>;
  readonly absenceTimers: Pick<AbsenceTimers, 'runAfter'>;
}

/**
 * Sends `yield` to leaders and proposes `stopped` when one has stopped (R-LEAD-1). The proposal names the request that the leader answered.
 * After a later request the leader has to stop again, so the earlier answer does not count.
 */
export class LeaderYield {
  readonly #ports: LeaderYieldPorts;
  /** The requests that each session has not answered, in order. */
  readonly #unanswered = new Map<SessionId, (YieldRequest | typeof UNREQUESTED)[]>();

  constructor(ports: LeaderYieldPorts) {
    this.#ports = ports;
  }

  /**
   * Asks a leader to stop. Proposes `stopped` at each of three events: the leader answers `yielded`, the client closes the connection, or
   * the lease has certainly expired. The core decides which event is a proof (R-LEAD-1).
   */
  requestYield(group: string, effect: AskToStopEffect): void {
    const { sessions, heartbeats, absenceTimers } = this.#ports;
    const request = { group, effect };
    const { session: id, member, absence, waitMs } = effect;
    if (id === undefined) {
      absenceTimers.runAfter(member, absence, waitMs, () => this.#proposeStopped(request, 'suspended'));
      return;
    }
    // Only the server of the session knows when its member has stopped.
    if (!sessions.isOwn(id)) return;
    this.#unanswered.set(id, [...(this.#unanswered.get(id) ?? []), request]);
    this.#sendYield(sessions.get(id));
    heartbeats.runWhenSuspended(id, () => {
      this.#proposeStopped(request, 'suspended');
      if (!sessions.has(id)) this.#unanswered.delete(id);
    });
  }

  /** Sends a `yield` for which the core did not ask. */
  sendUnrequestedYield(session: Session): void {
    this.#unanswered.set(session.id, [...(this.#unanswered.get(session.id) ?? []), UNREQUESTED]);
    session.sendAhead({ type: 'yield' });
  }

  /** Records that a session has answered its oldest open `yield` (R-LEAD-2). A `yielded` without a `yield` has no effect. */
  recordYielded(session: Session): void {
    const request = this.#unanswered.get(session.id)?.shift();
    if (request !== undefined && request !== UNREQUESTED) this.#proposeStopped(request, 'yielded');
  }

  /** Forgets the open requests of a session, because its member has resigned: that answers them (R-RESIGN-1). */
  forgetRequests(session: Session): void {
    this.#unanswered.delete(session.id);
  }

  /**
   * Records that the connection has closed. If the client has closed it, proposes `stopped`, even if the client has not read the `yield`
   * (R-LEAD-1).
   */
  recordClose(session: Session, by: ClosedBy): void {
    const last = this.#unanswered.get(session.id)?.findLast(request => request !== UNREQUESTED);
    this.#unanswered.delete(session.id);
    if (by === 'peer' && last !== undefined) this.#proposeStopped(last, 'closed');
  }

  /**
   * Sends `yield`, after the view that the leader has not received yet (R-VIEW-3). From now on the leader gets commands, but no views and
   * no pings. If its frames are held, it has stopped already.
   */
  #sendYield(session: Session | undefined): void {
    if (session?.state.phase !== 'active') return;
    const { state } = session;
    if (!session.outbox.isHeld) this.#ports.channels.sendInOrder(session, encodeFrame({ type: 'yield' }));
    else if (state.heldViews === 'none' && state.lastSeen.rank === 0) session.sendAhead({ type: 'yield' });
    else {
      endHeldLeader(session);
      return;
    }
    state.yielding = 'requested';
    state.request.heartbeat?.freeze();
  }

  #proposeStopped({ group, effect: { epoch, member, ask } }: YieldRequest, evidence: StoppedEntry['evidence']): void {
    this.#ports.proposals.propose({ kind: 'stopped', group, epoch, member: member.id, ask, evidence });
  }
}
