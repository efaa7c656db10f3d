import { assertNever } from '@rankd/protocol';
import type {
  AdminReceiptEffect,
  AskToStopEffect,
  DepartedEffect,
  Effect,
  Entry,
  GraceEffect,
  Member,
  ReleasedEffect,
  RosterChangedEffect,
  SessionId,
  TurnedAwayEffect,
  WaitingEffect,
  WelcomedEffect,
} from '../../core/index.js';
import { adminReceipt } from '../frames/command-frames.js';
import { CommandEffects } from './command-effects.js';
import { errorMessage } from '../frames/session-frames.js';
import type { Gateway } from '../gateway.js';
import type { GroupChannel } from './group-channel.js';

/** Does what the core asks for, for the sessions of this server. Decides nothing. */
export class EffectPerformer {
  readonly #gateway: Gateway;
  readonly #commands: CommandEffects;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#commands = new CommandEffects(gateway);
  }

  perform(entry: Entry, effects: readonly Effect[]): void {
    if (entry.kind !== 'frozen') this.performIn(entry.group, effects);
  }

  performIn(group: string, effects: readonly Effect[]): void {
    let changesLeft = 0;
    for (const { kind } of effects) if (kind === 'roster-changed') changesLeft += 1;
    for (const effect of effects) {
      if (effect.kind === 'roster-changed') changesLeft -= 1;
      this.#perform(effect, group, changesLeft === 0);
      if (effect.kind === 'roster-changed' && changesLeft === 0) this.#gateway.tellFirst(group, effect);
    }
  }

  /**
   * A group that does not exist has no channel: what concerns it is sent to the session that asked. `isSettled`: the entry
   * does not change the roster after this effect, so that a view sent now shows one moment.
   */
  #perform(effect: Effect, group: string, isSettled: boolean): void {
    switch (effect.kind) {
      case 'turned-away':
        return this.#turnAway(effect);
      case 'replaced':
        return this.#gateway.session(effect.session)?.end('REPLACED');
      case 'removed':
        return this.#gateway.session(effect.session)?.end('REMOVED', effect.reason);
      case 'admin-receipt':
        return this.#adminReceipt(effect, isSettled);
      case 'welcomed':
        return this.#welcome(effect, this.#gateway.desks.open(group));
      case 'waiting':
        return this.#wait(effect, this.#gateway.desks.open(group));
      case 'roster-changed':
        return this.#rosterChanged(effect, this.#gateway.desks.open(group));
      case 'departed':
        return this.#departed(effect, this.#gateway.desks.open(group));
      case 'grace':
        return this.#grace(effect, group);
      case 'ask-to-stop':
        return this.#askToStop(effect, this.#gateway.desks.open(group));
      case 'released':
        return this.#release(effect);
      case 'reassure':
        return this.#reassure(effect.session, this.#gateway.desks.open(group));
      case 'receipt':
        return this.#commands.receipt(effect, group);
      case 'deliver':
        return this.#commands.deliver(effect, this.#gateway.desks.open(group));
      case 'deadline':
        return this.#commands.deadline(effect, this.#gateway.desks.open(group));
      case 'result-refused':
        return this.#gateway.session(effect.to)?.say(errorMessage(effect.code, effect.seq));
      case 'recipient-ended':
        return this.#commands.recipientEnded(effect);
      case 'outcome':
        return this.#commands.outcome(effect, this.#gateway.desks.open(group));
      default:
        return assertNever(effect);
    }
  }

  #adminReceipt(effect: AdminReceiptEffect, isSettled: boolean): void {
    const session = this.#gateway.session(effect.to);
    if (session === undefined) return;
    if (isSettled) this.#gateway.desks.tell(session);
    session.say(adminReceipt(effect));
  }

  #turnAway({ session, code, detail }: TurnedAwayEffect): void {
    const retryAfterMs = this.#gateway.config.RANKD_HEARTBEAT_MS;
    this.#gateway.session(session)?.end(code, detail, retryAfterMs);
  }

  #welcome({ member, session: id, rank, resumed }: WelcomedEffect, desk: GroupChannel): void {
    const session = this.#gateway.session(id);
    if (session === undefined) this.#departAtOnce(member, id, desk);
    const state = session?.state;
    const asked = state?.phase === 'greeting' || state?.phase === 'waiting' ? state.asked : undefined;
    if (session === undefined || asked === undefined) return;
    const { livedMs } = this.#gateway;
    const { group } = desk;
    const interest = asked.hello.updates ?? 'rank';
    const told = desk.telling.toldByWelcome(member, group.view);
    const resumption = resumed ? 'unconfirmed' : 'none';
    desk.deliveries.ranksChange();
    session.enter({
      phase: 'active',
      asked,
      member,
      group,
      deliveries: desk.deliveries,
      interest,
      told,
      commandsSent: member.lastCommand,
      resumption,
      yielding: 'no',
      copy: 'current',
    });
    if (resumed) this.#gateway.publishSeat(group, member);
    if (interest !== 'rank') desk.watch(session);
    session.push(
      this.#gateway.welcomeFrames.encodeMemberWelcome(group, { member, rank, resumed, secret: asked.secret }),
    );
    const { name, slot, address } = member;
    const { view, roster } = group;
    const facts = { group: group.name, member: member.id, name, rank, size: roster.size, view, slot, address };
    const event = resumed ? 'member.resumed' : 'member.joined';
    this.#gateway.watch({ event, ...facts, waitedMs: Math.round(livedMs - asked.helloAtMs) });
    session.proceed();
  }

  #wait({ session: id }: WaitingEffect, desk: GroupChannel): void {
    desk.waitlistChanged();
    this.#gateway.touches(desk);
    const session = this.#gateway.session(id);
    if (session === undefined) this.#waitNoMore(id, desk);
    if (session?.state.phase !== 'greeting' || session.state.asked === undefined) return;
    const { asked } = session.state;
    session.enter({ phase: 'waiting', asked, positionTold: 0 });
    const position = desk.group.waiting.length;
    this.#gateway.watch({ event: 'member.waiting', group: desk.group.name, session: id, position });
    session.proceed();
  }

  /** Its session ended while the order had yet to give it a seat: nobody else would ever say that it is gone. */
  #departAtOnce({ id: member }: Member, session: SessionId, { group: { name: group } }: GroupChannel): void {
    const { log, clock } = this.#gateway;
    if (!this.#gateway.isOurs(session)) return;
    log.append({ kind: 'departed', group, at: clock.wallMs(), session, member, how: 'lost', reason: 'CLOSED' });
  }

  /** The same of a place on the waitlist. */
  #waitNoMore(session: SessionId, { group: { name: group, waiting } }: GroupChannel): void {
    const { log, clock } = this.#gateway;
    if (!this.#gateway.isOurs(session) || !waiting.includes(session)) return;
    log.append({ kind: 'waiting-left', group, at: clock.wallMs(), session });
  }

  #rosterChanged(change: RosterChangedEffect, desk: GroupChannel): void {
    desk.note(change, this.#gateway.clock.monotonicMs());
    this.#gateway.groupChanged(desk, change);
    const { kind, member, rank, reason = '' } = change.cause;
    const { size, view, promoted } = change;
    const facts = { group: desk.group.name, member: member.id, name: member.name, rank, size, view };
    if (kind === 'away') this.#gateway.report({ event: 'member.away', ...facts, reason });
    if (kind === 'moved') this.#gateway.report({ event: 'member.moved', ...facts, promoted });
  }

  #departed({ member, rank, reason, promoted }: DepartedEffect, desk: GroupChannel): void {
    const { name: group, view, roster } = desk.group;
    const { id, name } = member;
    const facts = { group, member: id, name, rank, size: roster.size, view };
    this.#gateway.report({ event: 'member.left', ...facts, reason, promoted });
  }

  #grace({ epoch, member, graceMs }: GraceEffect, group: string): void {
    const { alarms, clock, log } = this.#gateway;
    alarms.after(graceMs, () => {
      log.append({ kind: 'grace-ended', group, at: clock.wallMs(), epoch, member: member.id });
    });
  }

  /** R-VIEW-3: once asked it is told no view until it may act again, and may be given commands meanwhile. */
  #askToStop(effect: AskToStopEffect, desk: GroupChannel): void {
    const session = effect.session === undefined ? undefined : this.#gateway.session(effect.session);
    if (session !== undefined) desk.tell(session);
    this.#gateway.stopping.ask(desk.group.name, effect);
  }

  #release({ session: id }: ReleasedEffect): void {
    const session = this.#gateway.session(id);
    if (session?.state.phase !== 'active') return;
    session.state.yielding = this.#gateway.doubt.isThere ? 'doubt' : 'no';
  }

  #reassure(id: string, desk: GroupChannel): void {
    const session = this.#gateway.session(id);
    // In doubt it has to go on waiting.
    if (session?.state.phase === 'active' && session.state.yielding === 'no') desk.reassure(session);
  }
}
