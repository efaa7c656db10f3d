/** From an accepted hello to the decision about it. */

import type { AcquireResult, OrderedLog } from '../../log/ordered-log.js';
import type { Availability } from '../availability.js';
import type { SessionHeartbeats } from '../liveness/session-heartbeats.js';
import type { Session } from '../session/session.js';
import type { AdmissionRequest } from './admission-request.js';
import type { MemberAdmission } from './member-admission.js';
import type { ObserverAdmission } from './observer-admission.js';

/** The parts of the gateway that AdmissionDispatch uses. */
export interface AdmissionPorts {
  readonly log: Pick<OrderedLog, 'groups' | 'acquireGroup' | 'awaitServersOf' | 'featuresOf'>;
  readonly availability: Pick<Availability, 'refusalFor'>;
  readonly heartbeats: Pick<SessionHeartbeats, 'scheduleHeartbeat'>;
  readonly members: Pick<MemberAdmission, 'proposeMember'>;
  readonly observers: Pick<ObserverAdmission, 'admitObserver'>;
}

/** Waits until the log is read up to the session's group. Then it proposes a member, or admits an observer. */
export class AdmissionDispatch {
  readonly #ports: AdmissionPorts;

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  /** Starts the heartbeat of the session and asks for its admission. Ends the session with UNAVAILABLE if its group cannot be reached. */
  requestAdmission(request: AdmissionRequest, session: Session): void {
    const { log, heartbeats } = this.#ports;
    if (request.heartbeat === undefined) session.connection.keepAlive();
    session.requestAdmission(request, () => {
      if (request.heartbeat !== undefined) heartbeats.scheduleHeartbeat(session, request.heartbeat);
      log.acquireGroup(request.group, reached => {
        if (reached === 'unreachable' || !this.#hasHeldLaterEpoch(request)) this.#admit(request, reached, session);
        else log.awaitServersOf(request.group, known => this.#admit(request, known, session));
      });
    });
  }

  /**
   * Whether the client has held a later epoch than the group has (R-JOIN-1). The core believes it if no member has a session. A server that
   * has just died looks like one that runs, so the decision waits until the other servers are known to run or to have ended.
   */
  #hasHeldLaterEpoch({ hello, group, adopts }: AdmissionRequest): boolean {
    const epoch = this.#ports.log.groups.get(group)?.epoch;
    const held = hello.role === 'observer' || adopts ? undefined : hello.resume?.epoch;
    return epoch !== undefined && held !== undefined && held > epoch;
  }

  /** Called when the log is read up to the group. That may take a while, so the state is checked again. */
  #admit(request: AdmissionRequest, reached: AcquireResult, session: Session): void {
    if (session.state.phase !== 'greeting') return;
    const { availability, members, observers } = this.#ports;
    const code = reached === 'reached' ? availability.refusalFor(request) : 'UNAVAILABLE';
    if (code !== undefined) {
      session.turnAway(code);
      return;
    }
    const missing = request.adopts ? undefined : this.#missingFeature(request);
    if (missing !== undefined) session.end('UNSUPPORTED', `feature ${missing}`);
    else if (request.hello.role === 'observer' || request.adopts) observers.admitObserver(request, session);
    else members.proposeMember(request, session);
  }

  /** Returns a feature that the client requires and the group does not have (R-JOIN-1). */
  #missingFeature({ hello, group, adopts }: AdmissionRequest): string | undefined {
    if (hello.require === undefined || adopts) return undefined;
    const features: readonly string[] = this.#ports.log.featuresOf(group);
    return hello.require.find(name => !features.includes(name));
  }
}
