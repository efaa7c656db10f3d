import type { HelloMessage } from '@rankd/protocol';
import type { ServerConfig } from '../../config.js';
import { isSameSecret, secretDigest } from '../../constant-time.js';
import type { MemberId } from '../../core/index.js';
import type { ReachResult } from '../../log/ordered-log.js';
import type { Gateway } from '../gateway.js';
import { Heartbeat } from '../liveness/keepalive.js';
import type { Session } from '../session/session.js';
import type { AdmissionRequest } from '../session/session-state.js';

/** R-JOIN-1 to R-JOIN-6: checks what is asked for, then proposes the newcomer; the log decides on its rank. */
export function handleHello(hello: HelloMessage, session: Session, gateway: Gateway): void {
  if (session.state.phase !== 'greeting') {
    session.end('BAD_MESSAGE', 'a second hello');
    return;
  }
  const unsupported = whatIsUnsupported(hello);
  if (unsupported !== undefined) {
    session.end('UNSUPPORTED', unsupported);
    return;
  }
  const admission = admissionOf(hello.token, gateway.config);
  if (admission === 'refused') {
    session.end('UNAUTHORIZED');
    return;
  }
  if (gateway.refusal !== undefined) {
    refuse(gateway.refusal, session, gateway);
    return;
  }
  if (hello.heartbeat === false) session.connection.keepAlive();
  const asked = askedFor(hello, admission === 'admin', gateway);
  session.ask(asked);
  gateway.log.reach(asked.group, reached => admit(asked, reached, session, gateway));
  session.awaitDecision();
}

/** The log tells of its group; that may have taken a while. */
function admit(asked: AdmissionRequest, reached: ReachResult, session: Session, gateway: Gateway): void {
  if (session.state.phase !== 'greeting') return;
  const refusal = reached === 'reached' ? gateway.refusal : 'UNAVAILABLE';
  if (refusal !== undefined) refuse(refusal, session, gateway);
  else if (asked.hello.role === 'observer') observe(asked, session, gateway);
  else propose(asked, session, gateway);
}

/** R-BYE-2: to come again, or to go elsewhere. */
function refuse(code: 'DRAINING' | 'UNAVAILABLE', session: Session, gateway: Gateway): void {
  session.end(code, undefined, gateway.config.RANKD_HEARTBEAT_MS);
}

function whatIsUnsupported(hello: HelloMessage): string | undefined {
  if (hello.protocol !== undefined && hello.protocol !== 1) return `protocol ${hello.protocol}`;
  if (hello.require?.[0] !== undefined) return `feature ${hello.require[0]}`;
  return undefined;
}

/** R-JOIN-5: the admin token admits too. Every comparison is made, whatever the others say. */
function admissionOf(token: string | undefined, config: ServerConfig): 'admin' | 'admitted' | 'refused' {
  const isAdmin = config.RANKD_ADMIN_TOKEN !== undefined && isSameSecret(token ?? '', config.RANKD_ADMIN_TOKEN);
  const isKnown = config.RANKD_TOKEN === undefined || isSameSecret(token ?? '', config.RANKD_TOKEN);
  if (isAdmin) return 'admin';
  return isKnown ? 'admitted' : 'refused';
}

function askedFor(hello: HelloMessage, isAdmin: boolean, gateway: Gateway): AdmissionRequest {
  const { RANKD_HEARTBEAT_MS: heartbeatMs, RANKD_DEAD_MS: deadMs } = gateway.config;
  return {
    hello,
    group: hello.group ?? 'default',
    isAdmin,
    secret: gateway.randomBytes(24).toString('base64url'),
    pulse: hello.heartbeat === false ? undefined : new Heartbeat({ heartbeatMs, deadMs }, gateway.livedMs),
    helloAtMs: gateway.livedMs,
  };
}

function propose({ hello, group, secret }: AdmissionRequest, session: Session, gateway: Gateway): void {
  const id = gateway.mintMemberId();
  const { resume } = hello;
  gateway.log.append({
    kind: 'joined',
    group,
    at: gateway.clock.wallMs(),
    newcomer: {
      id,
      session: session.id,
      name: hello.name ?? nameFor(id),
      tags: hello.tags ?? {},
      address: session.connection.address,
      secretHash: secretDigest(secret),
    },
    resume: resume === undefined ? undefined : { member: resume.member, secretHash: secretDigest(resume.secret) },
  });
}

/** An observer has no place in the order, so the log is not asked. */
function observe(asked: AdmissionRequest, session: Session, gateway: Gateway): void {
  const { hello, group: groupName } = asked;
  const { config } = gateway;
  if (gateway.desks.observerCount >= config.RANKD_OBSERVERS_MAX) {
    session.end('FULL', `${config.RANKD_OBSERVERS_MAX} observers`, config.RANKD_HEARTBEAT_MS);
    return;
  }
  const id = gateway.mintMemberId();
  const name = hello.name ?? nameFor(id);
  const group = gateway.log.groups.get(groupName);
  const told = { view: group?.view ?? 0, rank: undefined, size: group?.roster.size ?? 0, leader: group?.roster.leader };
  session.enter({ phase: 'observing', asked, id, name, interest: hello.updates ?? 'roster', told, commandsSent: 0 });
  gateway.desks.watchersOf(groupName).add(session);
  session.say(gateway.welcomeFrames.observerWelcome(groupName, group, { id, name }));
  gateway.watch({ event: 'observer.joined', group: groupName, member: id, name });
  session.proceed();
}

/** R-JOIN-1: for whoever brings no name. Short, for it goes into every command of its; the id tells two of a name apart. */
function nameFor(id: MemberId): string {
  return id.slice(0, 6);
}
