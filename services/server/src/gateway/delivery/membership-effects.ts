import type {
  DepartedEffect,
  GraceEffect,
  Group,
  Member,
  MemberId,
  RosterChangedEffect,
  SessionId,
  WaitingEffect,
  WelcomedEffect,
} from '../../core/index.js';
import type { ServerEvent } from '../../server-event.js';
import type { WelcomeFrames } from '../frames/welcome-frame.js';
import type { Proposals } from '../proposals.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { EventReporter } from './event-reporter.js';
import type { GroupChannel } from './group-channel.js';

/** What the mirror keeps of a group. */
export interface MirrorPorts {
  /** A group has a newer view. */
  readonly publish: (group: Group, change: RosterChangedEffect) => void;
  /** A seat has another secret. */
  readonly publishSeat: (group: Group, member: Member) => void;
}

export interface MembershipEffectsPorts extends MirrorPorts {
  readonly stallFreeClock: { readonly nowMs: number };
  readonly proposals: Pick<Proposals, 'propose' | 'proposeAfter'>;
  readonly sessions: Pick<OpenSessions, 'get' | 'isOwn'>;
  readonly welcomeFrames: Pick<WelcomeFrames, 'encodeMemberWelcome'>;
  readonly flushCycle: { addEvent(event: ServerEvent): void };
  readonly events: Pick<EventReporter, 'report'>;
}

/** Performs what concerns seats: admissions, waits, changes of the roster, departures. Decides nothing. */
export class MembershipEffects {
  readonly #ports: MembershipEffectsPorts;

  constructor(ports: MembershipEffectsPorts) {
    this.#ports = ports;
  }

  /** R-JOIN-3: gives the session its seat. */
  welcome({ member, session: id, rank, resumed }: WelcomedEffect, channel: GroupChannel): void {
    const { sessions, stallFreeClock, welcomeFrames, flushCycle, publishSeat } = this.#ports;
    const session = sessions.get(id);
    if (session === undefined) this.#proposeDeparture(member.id, id, channel);
    const state = session?.state;
    const request = state?.phase === 'greeting' || state?.phase === 'waiting' ? state.request : undefined;
    if (session === undefined || request === undefined) return;
    const { nowMs } = stallFreeClock;
    const { group, fanOut } = channel;
    const interest = request.hello.updates ?? 'rank';
    const lastSeen = channel.updates.lastSeenByWelcome(member, group.view);
    fanOut.prepareRankChange();
    session.enter({
      phase: 'active',
      request,
      member,
      group,
      fanOut,
      interest,
      lastSeen,
      commandsSent: member.lastCommand,
      resumption: resumed ? 'unconfirmed' : 'none',
      yielding: 'no',
      copy: 'current',
    });
    if (resumed) publishSeat(group, member);
    if (interest !== 'rank') channel.addWatcher(session);
    session.sendFrame(welcomeFrames.encodeMemberWelcome(group, { member, rank, resumed, secret: request.secret }));
    const { name, slot, address } = member;
    const { view, roster } = group;
    const facts = { group: group.name, member: member.id, name, rank, size: roster.size, view, slot, address };
    const event = resumed ? 'member.resumed' : 'member.joined';
    flushCycle.addEvent({ event, ...facts, waitedMs: Math.round(nowMs - request.helloAtMs) });
    session.resumeAfterAdmission();
  }

  /** R-JOIN-4: puts the session on the waitlist. */
  enterWaitlist({ session: id }: WaitingEffect, channel: GroupChannel): void {
    channel.recordWaitlistChange();
    const session = this.#ports.sessions.get(id);
    if (session === undefined) this.#proposeWaitEnd(id, channel);
    if (session?.state.phase !== 'greeting' || session.state.request === undefined) return;
    const { request } = session.state;
    session.enter({ phase: 'waiting', request, lastPosition: 0 });
    const { name, waiting } = channel.group;
    this.#ports.flushCycle.addEvent({ event: 'member.waiting', group: name, session: id, position: waiting.length });
    session.resumeAfterAdmission();
  }

  /** A session that ended before its hello was decided: no other entry would ever say that it is gone. */
  #proposeDeparture(member: MemberId, session: SessionId, { group: { name: group } }: GroupChannel): void {
    const { proposals, sessions } = this.#ports;
    if (!sessions.isOwn(session)) return;
    proposals.propose({ kind: 'departed', group, session, member, how: 'lost', reason: 'CLOSED' });
  }

  /** The same of a place on the waitlist. */
  #proposeWaitEnd(session: SessionId, { group: { name: group, waiting } }: GroupChannel): void {
    const { proposals, sessions } = this.#ports;
    if (!sessions.isOwn(session) || !waiting.includes(session)) return;
    proposals.propose({ kind: 'waiting-left', group, session });
  }

  recordChange(change: RosterChangedEffect, channel: GroupChannel): void {
    const { publish, events } = this.#ports;
    channel.recordChange(change);
    publish(channel.group, change);
    const { kind, member, rank, reason = '' } = change.cause;
    const { size, view, promoted } = change;
    const facts = { group: channel.group.name, member: member.id, name: member.name, rank, size, view };
    if (kind === 'away') events.report({ event: 'member.away', ...facts, reason });
    if (kind === 'moved') events.report({ event: 'member.moved', ...facts, promoted });
  }

  reportDeparture({ member, rank, reason, promoted }: DepartedEffect, channel: GroupChannel): void {
    const { name: group, view, roster } = channel.group;
    const { id, name } = member;
    const facts = { group, member: id, name, rank, size: roster.size, view };
    this.#ports.events.report({ event: 'member.left', ...facts, reason, promoted });
  }

  awaitGraceEnd({ epoch, member, graceMs }: GraceEffect, group: string): void {
    this.#ports.proposals.proposeAfter(graceMs, { kind: 'grace-ended', group, epoch, member: member.id });
  }
}
