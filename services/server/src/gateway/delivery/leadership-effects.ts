/** Performs the effects about a leader that must stop (R-LEAD-1, R-LEAD-2). */

import type { AskToStopEffect, ReassureEffect, ReleasedEffect, ResignationEffect } from '../../core/index.js';
import type { LeaderYield } from '../liveness/leader-yield.js';
import type { LogStalenessGuard } from '../liveness/log-staleness-guard.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { GroupChannel } from './group-channel.js';

/** The parts of the gateway that LeadershipEffects uses. */
export interface LeadershipEffectsPorts {
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly leaderYield: Pick<LeaderYield, 'requestYield' | 'forgetRequests'>;
  readonly stalenessGuard: Pick<LogStalenessGuard, 'isStale'>;
}

/** Performs the effects about a leader for which a decision waits (R-LEAD-1, R-LEAD-2). Decides nothing. */
export class LeadershipEffects {
  readonly #ports: LeadershipEffectsPorts;

  constructor(ports: LeadershipEffectsPorts) {
    this.#ports = ports;
  }

  /** Asks the leader to stop (R-LEAD-2). */
  requestYield(effect: AskToStopEffect, group: string): void {
    this.#ports.leaderYield.requestYield(group, effect);
  }

  /**
   * Records that no decision waits for the leader any longer. A view follows, with which the leader acts again. The leader still has to
   * stop while the log may be stale.
   */
  releaseLeader({ session: id }: ReleasedEffect, channel: GroupChannel): void {
    const session = this.#ports.sessions.get(id);
    if (session?.state.phase !== 'active') return;
    session.state.yielding = this.#ports.stalenessGuard.isStale ? 'log-stale' : 'no';
    channel.views.expectView(session, session.state);
  }

  /** Sends the leader a view that permits it to act again, unless the log may be stale (R-LEAD-2). */
  reassureLeader({ session: id }: ReassureEffect, channel: GroupChannel): void {
    const session = this.#ports.sessions.get(id);
    if (session?.state.phase === 'active' && session.state.yielding === 'no') channel.views.reassureLeader(session);
  }

  /**
   * Sends a member that has resigned the view that permits it to act again (R-RESIGN-1). The view is held while the log may be stale. A
   * `resign` answers every `yield` before it.
   */
  answerResignation({ session: id, cause }: ResignationEffect, channel: GroupChannel): void {
    const { sessions, leaderYield, stalenessGuard } = this.#ports;
    const session = sessions.get(id);
    if (session?.state.phase !== 'active') return;
    leaderYield.forgetRequests(session);
    session.state.yielding = stalenessGuard.isStale ? 'log-stale' : 'no';
    channel.views.answerResignation(session, cause);
  }
}
