import type {
  DepartedEffect,
  GraceEffect,
  Group,
  Member,
  RemovedEffect,
  ReplacedEffect,
  RosterChangedEffect,
  TurnedAwayEffect,
  WaitingEffect,
  WelcomedEffect,
} from '../../core/index.js';
import type { WelcomeFrames } from '../frames/welcome-frame.js';
import type { DepartureProposals } from '../session/departure-proposals.js';
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

export interface MembershipEffectsPorts {
  readonly sessions: Pick<OpenSessions, 'get' | 'isOwn'>;
  readonly departures: Pick<DepartureProposals, 'proposeDeparture' | 'proposeWaitEnd' | 'proposeGraceEnd'>;
  readonly welcomeFrames: Pick<WelcomeFrames, 'encodeMemberWelcome'>;
  readonly mirror: MirrorPorts;
  readonly events: Pick<EventReporter, 'report' | 'reportOwn'>;
}

/** Performs the effects about seats: a session gets one, waits for one or loses one, and the roster changes. Decides nothing. */
export class MembershipEffects {
  readonly #ports: MembershipEffectsPorts;

  constructor(ports: MembershipEffectsPorts) {
    this.#ports = ports;
  }

  /** R-JOIN-3: gives the session its seat. */
  welcome({ member, session: id, rank, resumed }: WelcomedEffect, channel: GroupChannel): void {
    const { sessions, departures, welcomeFrames, mirror, events } = this.#ports;
    const { group, fanOut, views } = channel;
    const session = sessions.get(id);
    // The session ended before the log decided on its hello: no other entry says that the member is gone.
    if (session === undefined && sessions.isOwn(id)) departures.proposeDeparture(member.id, id, group.name, 'CLOSED');
    const state = session?.state;
    const request = state?.phase === 'greeting' || state?.phase === 'waiting' ? state.request : undefined;
    if (session === undefined || request === undefined) return;
    const { waitedMs } = request;
    const interest = request.hello.updates ?? 'rank';
    const lastSeen = views.lastSeenByWelcome(member);
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
    if (resumed) mirror.publishSeat(group, member);
    if (interest !== 'rank') views.addWatcher(session);
    session.sendFrame(welcomeFrames.encodeMemberWelcome(group, { member, rank, resumed, secret: request.secret }));
    const { name, slot, address } = member;
    const { view, roster } = group;
    const facts = { group: group.name, member: member.id, name, rank, size: roster.size, view, slot, address };
    const event = resumed ? 'member.resumed' : 'member.joined';
    events.reportOwn({ event, ...facts, waitedMs: Math.round(waitedMs) });
    session.resumeAfterAdmission();
  }

  /** R-JOIN-4: puts the session on the waitlist. */
  enterWaitlist({ session: id }: WaitingEffect, channel: GroupChannel): void {
    const { sessions, departures, events } = this.#ports;
    const { name, waiting } = channel.group;
    channel.recordWaitlistChange();
    const session = sessions.get(id);
    // The session ended before the log decided on its hello: no other entry frees its place on the waitlist.
    if (session === undefined && sessions.isOwn(id) && waiting.includes(id)) departures.proposeWaitEnd(id, name);
    if (session?.state.phase !== 'greeting' || session.state.request === undefined) return;
    const { request } = session.state;
    session.enter({ phase: 'waiting', request, lastPosition: 0 });
    events.reportOwn({ event: 'member.waiting', group: name, session: id, position: waiting.length });
    session.resumeAfterAdmission();
  }

  /** R-JOIN-4: there is no seat for the session. */
  turnAway({ session, code, detail }: TurnedAwayEffect): void {
    this.#ports.sessions.get(session)?.turnAway(code, detail);
  }

  /** R-JOIN-6: another session has resumed the seat. */
  endReplaced({ session }: ReplacedEffect): void {
    this.#ports.sessions.get(session)?.end('REPLACED');
  }

  /** R-ADMIN-1: an administrator has removed the member. */
  endRemoved({ session, reason }: RemovedEffect): void {
    this.#ports.sessions.get(session)?.end('REMOVED', reason);
  }

  recordChange(change: RosterChangedEffect, channel: GroupChannel): void {
    const { mirror, events } = this.#ports;
    channel.recordChange(change);
    mirror.publish(channel.group, change);
    const { kind, member, rank, reason = '' } = change.cause;
    const { size, view, promoted } = change;
    const facts = { group: channel.group.name, member: member.id, name: member.name, rank, size, view };
    if (kind === 'away') events.report({ event: 'member.away', ...facts, reason });
    if (kind === 'moved') events.report({ event: 'member.moved', ...facts, promoted });
    channel.views.sendToNewLeader(change);
  }

  reportDeparture({ member, rank, reason, promoted }: DepartedEffect, channel: GroupChannel): void {
    const { name: group, view, roster } = channel.group;
    const { id, name } = member;
    const facts = { group, member: id, name, rank, size: roster.size, view };
    this.#ports.events.report({ event: 'member.left', ...facts, reason, promoted });
  }

  /** R-VIEW-4 */
  startGrace(effect: GraceEffect, group: string): void {
    this.#ports.departures.proposeGraceEnd(effect, group);
  }
}
