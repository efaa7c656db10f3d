import { assertNever } from '@rankd/protocol';
import type {
  DeadlineEffect,
  DeliverEffect,
  DepartedEffect,
  Effect,
  Entry,
  OutcomeEffect,
  ReceiptEffect,
  RecipientEndedEffect,
  RosterChangedEffect,
  TurnedAwayEffect,
  WelcomedEffect,
} from '../core/index.js';
import { commandFrame, errorMessage, outcomeFrame, receiptFrame, resultFrame } from './frames.js';
import type { Gateway } from './gateway.js';
import type { GroupDesk } from './group-desk.js';
import { Pulse } from './keepalive.js';
import type { Session } from './session.js';
import { welcomeMessage } from './welcome.js';

/** Does what the core asks for, for the sessions of this server. Decides nothing. */
export class Performer {
  readonly #gateway: Gateway;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  perform(entry: Entry, effects: readonly Effect[]): void {
    if (entry.kind === 'frozen') return;
    for (const effect of effects) {
      if (effect.kind === 'turned-away') this.#turnAway(effect);
      else this.#performInGroup(effect, this.#gateway.desk(entry.group));
    }
  }

  #performInGroup(effect: Exclude<Effect, TurnedAwayEffect>, desk: GroupDesk): void {
    switch (effect.kind) {
      case 'welcomed':
        return this.#welcome(effect, desk);
      case 'roster-changed':
        return this.#rosterChanged(effect, desk);
      case 'departed':
        return this.#departed(effect, desk);
      case 'receipt':
        return this.#receipt(effect, desk);
      case 'deliver':
        return this.#deliver(effect, desk);
      case 'deadline':
        return this.#deadline(effect, desk);
      case 'recipient-ended':
        return this.#recipientEnded(effect, desk);
      case 'outcome':
        return this.#outcome(effect, desk);
      case 'result-refused':
        return desk.session(effect.member.id)?.say(errorMessage(effect.code, effect.seq));
      default:
        return assertNever(effect);
    }
  }

  #turnAway({ session, code, detail }: TurnedAwayEffect): void {
    const retryAfterMs = this.#gateway.config.RANKD_HEARTBEAT_MS;
    this.#gateway.session(session)?.end(code, detail, retryAfterMs);
  }

  #welcome({ member, rank }: WelcomedEffect, desk: GroupDesk): void {
    const session = this.#gateway.session(member.session);
    if (session?.state.phase !== 'greeting') return;
    const { hello, openedAtMs } = session.state;
    const { config, livedMs } = this.#gateway;
    const { group } = desk;
    const keepalive = { heartbeatMs: config.RANKD_HEARTBEAT_MS, deadMs: config.RANKD_DEAD_MS };
    session.activate({
      phase: 'active',
      member,
      group,
      interest: hello?.updates === 'size' ? 'size' : 'rank',
      pulse: hello?.heartbeat === false ? undefined : new Pulse(keepalive, livedMs),
      told: desk.telling.toldByWelcome(member, group.view),
      commandsSent: 0,
    });
    desk.seat(member.id, session);
    session.say(welcomeMessage(config, this.#gateway.serverName, group, member, rank));
    this.#gateway.watch({
      event: 'member.joined',
      group: group.name,
      member: member.id,
      name: member.name,
      rank,
      size: group.roster.size,
      view: group.view,
      slot: member.slot,
      address: member.address,
      waitedMs: livedMs - openedAtMs,
    });
  }

  #rosterChanged(change: RosterChangedEffect, desk: GroupDesk): void {
    desk.note(change, this.#gateway.clock.monotonicMs());
    this.#gateway.groupChanged(desk, change);
  }

  #departed({ member, rank, reason }: DepartedEffect, desk: GroupDesk): void {
    desk.unseat(member.id);
    const { group } = desk;
    const { size } = group.roster;
    const { id, name } = member;
    const promoted = group.roster.member(id) === undefined ? size - rank : 0;
    const event = 'member.left';
    this.#gateway.watch({ event, group: group.name, member: id, name, rank, size, view: group.view, reason, promoted });
  }

  #receipt(effect: ReceiptEffect, desk: GroupDesk): void {
    const session = desk.session(effect.sender.id);
    if (session !== undefined) {
      desk.tell(session);
      session.push(receiptFrame(effect, this.#gateway.config.RANKD_FRAME_BYTES_MAX));
    }
    const { sender, senderRank: rank, name, verdict } = effect;
    const facts = { group: desk.group.name, name, member: sender.id, from: sender.name, rank };
    if (verdict.kind === 'rejected') this.#gateway.watch({ event: 'command.refused', ...facts, code: verdict.code });
    else {
      const { seq, recipients } = verdict;
      this.#gateway.watch({ event: 'command.accepted', ...facts, seq, recipients, refused: effect.refusedCount });
    }
  }

  /** The bytes are made once and shared by everyone who gets them. */
  #deliver(effect: DeliverEffect, desk: GroupDesk): void {
    const frame = commandFrame(effect);
    for (const { from, to } of effect.ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = desk.session(desk.group.roster.at(rank)?.id ?? '');
        if (session !== undefined) deliverTo(session, frame, desk);
      }
    }
  }

  #deadline({ epoch, seq, deadlineMs }: DeadlineEffect, desk: GroupDesk): void {
    const { clock, log } = this.#gateway;
    const group = desk.group.name;
    clock.after(deadlineMs, () => log.append({ kind: 'expired', group, at: clock.wallMs(), epoch, seq }));
  }

  #recipientEnded(effect: RecipientEndedEffect, desk: GroupDesk): void {
    if (effect.forward) desk.session(effect.sender.id)?.push(resultFrame(effect));
    this.#gateway.watch({ event: 'result', status: effect.status });
  }

  #outcome(effect: OutcomeEffect, desk: GroupDesk): void {
    const { sender, forward, seq, name, recipients, counts, ms } = effect;
    if (forward) {
      desk.session(sender.id)?.push(outcomeFrame(effect, this.#gateway.config.RANKD_FRAME_BYTES_MAX));
    }
    const event = 'command.outcome';
    const group = desk.group.name;
    this.#gateway.watch({ event, group, seq, name, member: sender.id, recipients, ...counts, ms, forwarded: forward });
  }
}

function deliverTo(session: Session, frame: Buffer, desk: GroupDesk): void {
  desk.tell(session);
  session.push(frame);
}
