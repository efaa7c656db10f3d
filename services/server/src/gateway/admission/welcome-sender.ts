/** R-JOIN-3: the `welcome` of a session that has a seat now. */

import type { WelcomeFrames } from '../frames/welcome-frame.js';
import type { LogStalenessGuard } from '../liveness/log-staleness-guard.js';
import type { ActiveState } from '../session/session-state.js';
import type { Session } from '../session/session.js';

/** The parts of the gateway that WelcomeSender uses. */
export interface WelcomeSenderPorts {
  readonly welcomeFrames: Pick<WelcomeFrames, 'encodeMemberWelcome'>;
  readonly stalenessGuard: Pick<LogStalenessGuard, 'suspendIfStale'>;
}

/** The seat of a session. */
export type SeatOfSession = Pick<ActiveState, 'request' | 'member' | 'group' | 'fanOut' | 'interest' | 'lastSeen'>;

/** Gives sessions their seats, and sends `welcome`. */
export class WelcomeSender {
  readonly #ports: WelcomeSenderPorts;

  constructor(ports: WelcomeSenderPorts) {
    this.#ports = ports;
  }

  /** Records the seat of a session, and sends `welcome`. `resumed`: the member had the seat before (R-JOIN-6). */
  sendWelcome(session: Session, seat: SeatOfSession, how: { readonly rank: number; readonly resumed: boolean }): void {
    const { welcomeFrames, stalenessGuard } = this.#ports;
    const { request, member, group } = seat;
    const state: ActiveState = {
      phase: 'active',
      ...seat,
      commandsSent: member.lastCommand,
      resumption: how.resumed ? 'unconfirmed' : 'none',
      yielding: 'no',
      heldViews: 'none',
      copy: 'current',
    };
    session.enter(state);
    stalenessGuard.suspendIfStale(session, state, how.rank);
    session.sendFrame(welcomeFrames.encodeMemberWelcome(group, { member, ...how, secret: request.secret }));
  }
}
