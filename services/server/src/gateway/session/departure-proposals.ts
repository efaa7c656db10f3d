/** Proposes the entries that follow from the end of a session. */

import type { ErrorCode } from '@rankd/protocol';
import type { GraceEffect, MemberId, SessionId } from '../../core/index.js';
import type { OrderedLog } from '../../log/ordered-log.js';
import type { AbsenceTimers } from '../liveness/absence-timers.js';
import type { Proposals } from '../proposals.js';
import type { SessionState } from './session-state.js';

/** The parts of the server that DepartureProposals uses. */
export interface DepartureProposalsPorts {
  readonly proposals: Pick<Proposals, 'propose'>;
  readonly log: Pick<OrderedLog, 'groups' | 'releaseGroup'>;
  readonly shutdown: { readonly isOver: boolean };
  readonly heartbeats: { untilSuspendedMs(session: SessionId): number };
  readonly absenceTimers: Pick<AbsenceTimers, 'runAfter'>;
}

/**
 * Proposes that a member has departed, that its grace period has ended, that a session has left the waitlist, and that an administrator's
 * session has ended.
 */
export class DepartureProposals {
  readonly #ports: DepartureProposalsPorts;

  constructor(ports: DepartureProposalsPorts) {
    this.#ports = ports;
  }

  /**
   * Proposes what follows from the end of a session, and releases its group in the log. `before` is the last state of the session. `code`
   * is why it ended.
   */
  proposeEnd(session: SessionId, before: SessionState, code: ErrorCode | 'CLOSED'): void {
    const { log, shutdown } = this.#ports;
    if (before.phase === 'closing' || before.request === undefined) return;
    const { group, isAdmin } = before.request;
    if (before.phase !== 'greeting' && !shutdown.isOver) {
      if (before.phase === 'waiting') this.proposeWaitEnd(session, group);
      if (isAdmin) this.#ports.proposals.propose({ kind: 'admin-gone', group, session });
      if (before.phase === 'active') this.proposeDeparture(before.member.id, session, group, code);
    }
    log.releaseGroup(group);
  }

  /**
   * Proposes that a member has departed (R-VIEW-4, R-VIEW-5). The code decides how: LEFT is a goodbye; CLOSED and HEARTBEAT_TIMEOUT are a
   * lost connection; with any other code the server ended the session. Adds for how long the member may still act (R-LEAD-1).
   */
  proposeDeparture(member: MemberId, session: SessionId, group: string, code: ErrorCode | 'CLOSED'): void {
    const lost = code === 'CLOSED' || code === 'HEARTBEAT_TIMEOUT';
    const how = code === 'LEFT' ? 'goodbye' : lost ? 'lost' : 'ended';
    const mayActMs = Math.ceil(this.#ports.heartbeats.untilSuspendedMs(session));
    this.#ports.proposals.propose({ kind: 'departed', group, session, member, how, reason: code, mayActMs });
  }

  /** Proposes that the grace period of an away member has ended (R-VIEW-4), when its absence has lasted for `ms`. */
  proposeGraceEnd({ epoch, member, absence, ms }: GraceEffect, group: string): void {
    this.#ports.absenceTimers.runAfter(member, absence, ms, () => {
      if (!this.#isAbsent(member.id, group, absence)) return;
      this.#ports.proposals.propose({ kind: 'grace-ended', group, epoch, member: member.id, absence, ms });
    });
  }

  /** Proposes that a session has left the waitlist (R-JOIN-4). */
  proposeWaitEnd(session: SessionId, group: string): void {
    this.#ports.proposals.propose({ kind: 'waiting-left', group, session });
  }

  /**
   * Whether the member is still away, in the absence with this number. Asks the group that has this name now. The group may have been
   * created again, and absences get new numbers when the format of the log is raised.
   */
  #isAbsent(id: MemberId, group: string, absence: number | undefined): boolean {
    const presence = this.#ports.log.groups.get(group)?.roster.member(id)?.presence;
    return presence?.kind === 'away' && ('since' in presence ? undefined : presence.absence) === absence;
  }
}
