import type { HelloMessage } from '@rankd/protocol';
import type { ServerConfig } from '../../config.js';
import { isSameSecret, secretDigest } from '../../constant-time.js';
import type { MemberId } from '../../core/index.js';
import type { AcquireResult, OrderedLog } from '../../log/ordered-log.js';
import type { ServerEvent } from '../../server-event.js';
import type { WelcomeFrames } from '../frames/welcome-frame.js';
import { Heartbeat } from '../liveness/keepalive.js';
import type { Proposals } from '../proposals.js';
import type { AdmissionRequest } from '../session/session-state.js';
import type { Session } from '../session/session.js';
import type { Refusal } from '../shutdown.js';

export interface HelloPorts {
  readonly config: ServerConfig;
  readonly stallFreeClock: { readonly nowMs: number };
  readonly log: Pick<OrderedLog, 'acquireGroup' | 'groups'>;
  readonly proposals: Pick<Proposals, 'propose'>;
  readonly randomBytes: (count: number) => Buffer;
  readonly channels: { readonly observerCount: number; addWatcher(session: Session, group: string): void };
  readonly welcomeFrames: Pick<WelcomeFrames, 'observerWelcome'>;
  readonly flushCycle: { addEvent(event: ServerEvent): void };
  readonly refusal: () => Refusal | undefined;
}

/** R-JOIN-1 to R-JOIN-6: checks what is asked for, then proposes the newcomer; the log decides on its rank. */
export function handleHello(hello: HelloMessage, session: Session, ports: HelloPorts): void {
  if (session.state.phase !== 'greeting') {
    session.end('BAD_MESSAGE', 'a second hello');
    return;
  }
  const unsupported = whatIsUnsupported(hello);
  if (unsupported !== undefined) {
    session.end('UNSUPPORTED', unsupported);
    return;
  }
  const access = accessWith(hello.token, ports.config);
  if (access === 'refused') {
    session.end('UNAUTHORIZED');
    return;
  }
  const refusal = ports.refusal();
  if (refusal !== undefined) {
    refuseSession(refusal, session, ports);
    return;
  }
  if (hello.heartbeat === false) session.connection.keepAlive();
  const request = requestOf(hello, access === 'admin', ports);
  session.requestAdmission(request, () =>
    ports.log.acquireGroup(request.group, reached => proposeAdmission(request, reached, session, ports)),
  );
}

/** The log is read up to the session's group; that may have taken a while. */
function proposeAdmission(
  request: AdmissionRequest,
  reached: AcquireResult,
  session: Session,
  ports: HelloPorts,
): void {
  if (session.state.phase !== 'greeting') return;
  const refusal = reached === 'reached' ? ports.refusal() : 'UNAVAILABLE';
  if (refusal !== undefined) refuseSession(refusal, session, ports);
  else if (request.hello.role === 'observer') admitObserver(request, session, ports);
  else proposeMember(request, session, ports);
}

/** R-BYE-2: the client is to come back, or to go to another server. */
function refuseSession(code: Refusal, session: Session, { config }: HelloPorts): void {
  session.end(code, undefined, config.RANKD_HEARTBEAT_MS);
}

function whatIsUnsupported(hello: HelloMessage): string | undefined {
  if (hello.protocol !== undefined && hello.protocol !== 1) return `protocol ${hello.protocol}`;
  if (hello.require?.[0] !== undefined) return `feature ${hello.require[0]}`;
  return undefined;
}

/** R-JOIN-5: the admin token admits too. Every comparison is made, whatever the others say. */
function accessWith(token: string | undefined, config: ServerConfig): 'admin' | 'admitted' | 'refused' {
  const isAdmin = config.RANKD_ADMIN_TOKEN !== undefined && isSameSecret(token ?? '', config.RANKD_ADMIN_TOKEN);
  const isKnown = config.RANKD_TOKEN === undefined || isSameSecret(token ?? '', config.RANKD_TOKEN);
  if (isAdmin) return 'admin';
  return isKnown ? 'admitted' : 'refused';
}

function requestOf(hello: HelloMessage, isAdmin: boolean, ports: HelloPorts): AdmissionRequest {
  const { RANKD_HEARTBEAT_MS: heartbeatMs, RANKD_DEAD_MS: deadMs } = ports.config;
  const { nowMs } = ports.stallFreeClock;
  return {
    hello,
    group: hello.group ?? 'default',
    isAdmin,
    secret: ports.randomBytes(24).toString('base64url'),
    heartbeat: hello.heartbeat === false ? undefined : new Heartbeat({ heartbeatMs, deadMs }, nowMs),
    helloAtMs: nowMs,
  };
}

function proposeMember({ hello, group, secret }: AdmissionRequest, session: Session, ports: HelloPorts): void {
  const id = mintMemberId(ports);
  const { resume } = hello;
  ports.proposals.propose({
    kind: 'joined',
    group,
    newcomer: {
      id,
      session: session.id,
      name: hello.name ?? defaultName(id),
      tags: hello.tags ?? {},
      address: session.connection.address,
      secretHash: secretDigest(secret),
    },
    resume: resume === undefined ? undefined : { member: resume.member, secretHash: secretDigest(resume.secret) },
  });
}

/** An observer has no place in the order, so the log is not asked. */
function admitObserver(request: AdmissionRequest, session: Session, ports: HelloPorts): void {
  const { hello, group: groupName } = request;
  const { config, log, channels, welcomeFrames, flushCycle } = ports;
  if (channels.observerCount >= config.RANKD_OBSERVERS_MAX) {
    session.end('FULL', `${config.RANKD_OBSERVERS_MAX} observers`, config.RANKD_HEARTBEAT_MS);
    return;
  }
  const id = mintMemberId(ports);
  const name = hello.name ?? defaultName(id);
  const group = log.groups.get(groupName);
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
  flushCycle.addEvent({ event: 'observer.joined', group: groupName, member: id, name });
  session.resumeAfterAdmission();
}

/** Never used again: 64 random bits, and short enough to be typed. */
function mintMemberId({ randomBytes }: HelloPorts): MemberId {
  return `m${randomBytes(8).toString('hex')}`;
}

/** R-JOIN-1: the name of a member that gives none. Short, because it is in each of its commands. */
function defaultName(id: MemberId): string {
  return id.slice(0, 6);
}
