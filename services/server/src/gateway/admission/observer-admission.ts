/** Admits observers: sessions without a rank that watch a group (R-JOIN-1). */

import type { Groups } from '../../log/ordered-log.js';
import type { EventReporter } from '../delivery/event-reporter.js';
import type { GroupChannels } from '../delivery/group-channels.js';
import type { WelcomeFrames } from '../frames/welcome-frame.js';
import type { Session } from '../session/session.js';
import type { AdmissionRequest } from './admission-request.js';
import { createMemberId, defaultName } from './member-identity.js';

/** The parts of the gateway that ObserverAdmission uses. */
export interface ObserverAdmissionPorts {
  readonly groups: Groups;
  readonly channels: Pick<GroupChannels, 'observerCount' | 'addWatcher'>;
  readonly welcomeFrames: Pick<WelcomeFrames, 'observerWelcome'>;
  readonly events: Pick<EventReporter, 'reportOwn'>;
  readonly randomBytes: (count: number) => Buffer;
}

/** Admits observers at once. An observer has no rank, so the log does not have to decide. */
export class ObserverAdmission {
  readonly #observersMax: number;
  readonly #ports: ObserverAdmissionPorts;

  constructor(observersMax: number, ports: ObserverAdmissionPorts) {
    this.#observersMax = observersMax;
    this.#ports = ports;
  }

  /** Admits the session as an observer. Ends it with FULL if there are RANKD_OBSERVERS_MAX observers already. */
  admitObserver(request: AdmissionRequest, session: Session): void {
    const { hello, group: groupName } = request;
    const { groups, channels, welcomeFrames, events, randomBytes } = this.#ports;
    if (channels.observerCount >= this.#observersMax) {
      session.turnAway('FULL', `the server has ${this.#observersMax} observers, the limit of RANKD_OBSERVERS_MAX`);
      return;
    }
    const id = createMemberId(randomBytes);
    const name = hello.name ?? defaultName(id);
    const group = groups.get(groupName);
    const { size = 0, leader } = group?.roster ?? {};
    const lastSeen = { view: group?.view ?? 0, rank: undefined, size, leader };
    session.enter({
      phase: 'observing',
      request,
      id,
      name,
      interest: hello.updates ?? 'roster',
      lastSeen,
      commandsSent: 0,
    });
    channels.addWatcher(session, groupName);
    session.sendMessage(welcomeFrames.observerWelcome(groupName, group, { id, name }));
    events.reportOwn({ event: 'observer.joined', group: groupName, member: id, name });
    session.resumeAfterAdmission();
  }
}
