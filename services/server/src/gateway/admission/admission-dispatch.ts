import type { AcquireResult, OrderedLog } from '../../log/ordered-log.js';
import type { Availability } from '../availability.js';
import type { SessionHeartbeats } from '../liveness/session-heartbeats.js';
import type { Session } from '../session/session.js';
import type { AdmissionRequest } from './admission-request.js';
import type { MemberAdmission } from './member-admission.js';
import type { ObserverAdmission } from './observer-admission.js';

export interface AdmissionPorts {
  readonly log: Pick<OrderedLog, 'acquireGroup'>;
  readonly availability: Pick<Availability, 'refusalFor'>;
  readonly heartbeats: Pick<SessionHeartbeats, 'scheduleHeartbeat'>;
  readonly members: Pick<MemberAdmission, 'proposeMember'>;
  readonly observers: Pick<ObserverAdmission, 'admitObserver'>;
}

/** Takes an accepted hello to its group: members are proposed and observers admitted once the log is read up to there. */
export class AdmissionDispatch {
  readonly #ports: AdmissionPorts;

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  requestAdmission(request: AdmissionRequest, session: Session): void {
    const { log, heartbeats } = this.#ports;
    if (request.heartbeat === undefined) session.connection.keepAlive();
    session.requestAdmission(request, () => {
      if (request.heartbeat !== undefined) heartbeats.scheduleHeartbeat(session, request.heartbeat);
      log.acquireGroup(request.group, reached => this.#admit(request, reached, session));
    });
  }

  /** The log is read up to the session's group; that may have taken a while. */
  #admit(request: AdmissionRequest, reached: AcquireResult, session: Session): void {
    if (session.state.phase !== 'greeting') return;
    const { availability, members, observers } = this.#ports;
    const code = reached === 'reached' ? availability.refusalFor(request.group) : 'UNAVAILABLE';
    if (code !== undefined) session.turnAway(code);
    else if (request.hello.role === 'observer') observers.admitObserver(request, session);
    else members.proposeMember(request, session);
  }
}
