import type { AskToStopEffect, ReassureEffect, ReleasedEffect } from '../../core/index.js';
import type { LeaderYield } from '../liveness/leader-yield.js';
import type { LogStalenessGuard } from '../liveness/log-staleness-guard.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { GroupChannel } from './group-channel.js';

export interface LeadershipEffectsPorts {
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly leaderYield: Pick<LeaderYield, 'requestYield'>;
  readonly stalenessGuard: Pick<LogStalenessGuard, 'isStale'>;
}

/** Performs the effects about a leader for which a change of the roster waits (R-LEAD-1, R-LEAD-2). Decides nothing. */
export class LeadershipEffects {
  readonly #ports: LeadershipEffectsPorts;

  constructor(ports: LeadershipEffectsPorts) {
    this.#ports = ports;
  }

  requestYield(effect: AskToStopEffect, group: string): void {
    this.#ports.leaderYield.requestYield(group, effect);
  }

  /** No change waits for the leader any more. It still has to stop if the log may be stale. */
  releaseLeader({ session: id }: ReleasedEffect): void {
    const session = this.#ports.sessions.get(id);
    if (session?.state.phase !== 'active') return;
    session.state.yielding = this.#ports.stalenessGuard.isStale ? 'log-stale' : 'no';
  }

  /** The leader may act again, unless the log may be stale. */
  reassureLeader({ session: id }: ReassureEffect, channel: GroupChannel): void {
    const session = this.#ports.sessions.get(id);
    if (session?.state.phase === 'active' && session.state.yielding === 'no') channel.views.reassureLeader(session);
  }
}
