/** Performs the effects about members: they get a seat, wait for one, or lose one. */

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
import type { WelcomeSender } from '../admission/welcome-sender.js';
import type { DepartureProposals } from '../session/departure-proposals.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { EventReporter } from './event-reporter.js';
import type { GroupChannel } from './group-channel.js';

/** The notifications that the mirror receives. The mirror is the copy of the newest view in Redis. */
export interface MirrorPorts {
  /** Called when a group has a newer view. */
  readonly publish: (group: Group, change: RosterChangedEffect) => void;
  /** Called when a seat has another secret. */
  readonly publishSeat: (group: Group, member: Member) => void;
}

/** The parts of the gateway that MembershipEffects uses. */
export interface MembershipEffectsPorts {
  readonly sessions: Pick<OpenSessions, 'get' | 'isOwn'>;
  readonly departures: Pick<DepartureProposals, 'proposeDeparture' | 'proposeWaitEnd' | 'proposeGraceEnd'>;
  readonly welcomes: Pick<WelcomeSender, 'sendWelcome'>;
  readonly mirror: MirrorPorts;
  readonly events: Pick<EventReporter, 'report' | 'reportOwn'>;
}

/** Performs the effects about seats and changes of the roster. Decides nothing. */
export class MembershipEffects {
  readonly #ports: MembershipEffectsPorts;

  constructor(ports: MembershipEffectsPorts) {
    this.#ports = ports;
  }

  /** Sends `welcome` to a session that has a seat now (R-JOIN-3). */
  welcome({ member, session: id, rank, resumed }: WelcomedEffect, channel: GroupChannel): void {
    const { sessions, departures, welcomes, mirror, events } = this.#ports;
    const { group, fanOut, views } = channel;
    const session = sessions.get(id);
    // The session ended before the log had decided about its hello, so its departure could not be proposed until now.
    if (session === undefined && sessions.isOwn(id)) departures.proposeDeparture(member.id, id, group.name, 'CLOSED');
    const state = session?.state;
    const request = state?.phase === 'greeting' || state?.phase === 'waiting' ? state.request : undefined;
    if (session === undefined || request === undefined) return;
    const { waitedMs } = request;
    fanOut.prepareRankChange();
    const lastSeen = views.lastSeenByWelcome(member);
    const interest = request.hello.updates ?? 'rank';
    welcomes.sendWelcome(session, { request, member, group, fanOut, interest, lastSeen }, { rank, resumed });
    if (resumed) mirror.publishSeat(group, member);
    if (interest !== 'rank') views.addWatcher(session);
    const { name, slot, address } = member;
    const { view, roster } = group;
    const facts = { group: group.name, member: member.id, name, rank, size: roster.size, view, slot, address };
    const event = resumed ? 'member.resumed' : 'member.joined';
    events.reportOwn({ event, ...facts, waitedMs: Math.round(waitedMs) });
    session.resumeAfterAdmission();
  }

  /** Adds the session to the waitlist, or sends the waiting sessions their new positions (R-JOIN-4). */
  enterWaitlist({ session: id }: WaitingEffect, channel: GroupChannel): void {
    const { sessions, departures, events } = this.#ports;
    const { name, waiting } = channel.group;
    channel.recordWaitlistChange();
    const session = sessions.get(id);
    // The session ended before the log had decided about its hello, so its end could not be proposed until now.
    if (session === undefined && sessions.isOwn(id) && waiting.includes(id)) departures.proposeWaitEnd(id, name);
    if (session?.state.phase !== 'greeting' || session.state.request === undefined) return;
    const { request } = session.state;
    session.enter({ phase: 'waiting', request, lastPosition: 0 });
    events.reportOwn({ event: 'member.waiting', group: name, session: id, position: waiting.length });
    session.resumeAfterAdmission();
  }

  /** Ends a session with `bye` FULL or DRAINING, because there is no seat for it (R-JOIN-4). */
  turnAway({ session, code, detail }: TurnedAwayEffect): void {
    this.#ports.sessions.get(session)?.turnAway(code, detail);
  }

  /** Ends a session with `bye` REPLACED, because a newer session has resumed its seat (R-JOIN-6). */
  endReplaced({ session }: ReplacedEffect): void {
    this.#ports.sessions.get(session)?.end('REPLACED');
  }

  /** Ends a session with `bye` REMOVED, because an administrator has removed its member (R-ADMIN-1). */
  endRemoved({ session, reason }: RemovedEffect): void {
    this.#ports.sessions.get(session)?.end('REMOVED', reason);
  }

  /** Records a change of the roster for the group's sessions, the mirror and the events. A new leader gets its view at once. */
  recordChange(change: RosterChangedEffect, channel: GroupChannel): void {
    // The change is reported before the promotions that it causes.
    this.#reportChange(change, channel.group.name);
    channel.recordChange(change);
    this.#ports.mirror.publish(channel.group, change);
    channel.views.sendToNewLeader(change);
  }

  #reportChange({ cause, size, view, promoted }: RosterChangedEffect, group: string): void {
    const { events } = this.#ports;
    const { kind, member, rank, reason = '' } = cause;
    const facts = { group, member: member.id, name: member.name, rank, size, view };
    if (kind === 'left') events.report({ event: 'member.left', ...facts, reason, promoted });
    if (kind === 'away') events.report({ event: 'member.away', ...facts, reason });
    if (kind === 'moved') {
      events.report({ event: 'member.moved', ...facts, ...(reason === '' ? {} : { reason }), promoted });
    }
  }

  /** Reports that a member has left after the freeze. Other departures are reported with their change of the roster. */
  reportDeparture({ member, rank, reason, promoted }: DepartedEffect, channel: GroupChannel): void {
    const { name: group, view, roster } = channel.group;
    const { id, name } = member;
    if (roster.member(id) !== member) return;
    const facts = { group, member: id, name, rank, size: roster.size, view };
    this.#ports.events.report({ event: 'member.left', ...facts, reason, promoted });
  }

  /** Starts the timer of an away member's grace period (R-VIEW-4). */
  startGrace(effect: GraceEffect, group: string): void {
    this.#ports.departures.proposeGraceEnd(effect, group);
  }
}
