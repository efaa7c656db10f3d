import type { ErrorCode } from '@rankd/protocol';
import type { GraceEffect, MemberId, SessionId } from '../../core/index.js';
import type { OrderedLog } from '../../log/ordered-log.js';
import type { Proposals } from '../proposals.js';
import type { SessionState } from './session-state.js';

export interface DepartureProposalsPorts {
  readonly proposals: Pick<Proposals, 'propose' | 'proposeAfter'>;
  readonly log: Pick<OrderedLog, 'releaseGroup'>;
  readonly shutdown: { readonly isOver: boolean };
}

/**
 * Proposes that a member has departed or its grace period has ended, that a session has left the waitlist, and that an
 * administrator is gone.
 */
export class DepartureProposals {
  readonly #ports: DepartureProposalsPorts;

  constructor(ports: DepartureProposalsPorts) {
    this.#ports = ports;
  }

  /** A session has ended. `before`: its last state. Releases its group in the log. */
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

  proposeDeparture(member: MemberId, session: SessionId, group: string, code: ErrorCode | 'CLOSED'): void {
    const lost = code === 'CLOSED' || code === 'HEARTBEAT_TIMEOUT';
    const how = code === 'LEFT' ? 'goodbye' : lost ? 'lost' : 'ended';
    this.#ports.proposals.propose({ kind: 'departed', group, session, member, how, reason: code });
  }

  /** R-VIEW-4: the grace of an away member ends after `graceMs`. */
  proposeGraceEnd({ epoch, member, graceMs }: GraceEffect, group: string): void {
    this.#ports.proposals.proposeAfter(graceMs, { kind: 'grace-ended', group, epoch, member: member.id });
  }

  proposeWaitEnd(session: SessionId, group: string): void {
    this.#ports.proposals.propose({ kind: 'waiting-left', group, session });
  }
}
