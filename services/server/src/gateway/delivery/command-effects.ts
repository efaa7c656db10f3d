import type {
  DeadlineEffect,
  DeliverEffect,
  OutcomeEffect,
  RankRange,
  ReceiptEffect,
  RecipientEndedEffect,
} from '../../core/index.js';
import type { ServerEvent } from '../../server-event.js';
import { outcomeFrame, resultFrame } from '../frames/command-frames.js';
import type { Gateway } from '../gateway.js';
import type { GroupChannel } from './group-channel.js';

/** There is one for every recipient of every command that is followed to its end. */
const resultEvents = {
  done: { event: 'result', status: 'done' },
  failed: { event: 'result', status: 'failed' },
  refused: { event: 'result', status: 'refused' },
  expired: { event: 'result', status: 'expired' },
  left: { event: 'result', status: 'left' },
} as const;

/** As many recipients a range make it pay to share the bytes among them. */
const SHARED_RECIPIENTS_MIN = 4;

/** Performs what the core asks for about commands. Decides nothing. */
export class CommandEffects {
  readonly #gateway: Gateway;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** R-CMD-3 */
  receipt(effect: ReceiptEffect, groupName: string): void {
    const session = effect.to === undefined ? undefined : this.#gateway.session(effect.to);
    if (session !== undefined) {
      this.#gateway.desks.tell(session);
      session.push(this.#gateway.commandFrames.encodeReceipt(effect));
    }
    this.#gateway.reportTo(effect.to, receiptEvent(effect, groupName));
  }

  /** To many, the bytes are made once and shared; to a few, each gets them by itself. */
  deliver(effect: DeliverEffect, desk: GroupChannel): void {
    const { ranges, by } = effect;
    const recipients = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    if (desk.telling.pending) this.#tellRecipients(ranges, desk);
    const frame = this.#gateway.commandFrames.encodeCommand(effect);
    if (recipients < SHARED_RECIPIENTS_MIN * ranges.length) this.#deliverEach(frame, effect, desk);
    else {
      for (const { from, to } of ranges) desk.deliveries.add({ from, to, frame, by });
      this.#gateway.delivering(desk);
    }
    if (by !== undefined) this.#gateway.flow.delivers(by, recipient => desk.isRecipient(recipient, ranges));
  }

  /** R-VIEW-3: each has heard of its rank in the view that the command carries before it gets the command. */
  #tellRecipients(ranges: readonly RankRange[], desk: GroupChannel): void {
    for (const { from, to } of ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = desk.deliveries.sessions[rank];
        if (session !== undefined) desk.tell(session);
      }
    }
  }

  #deliverEach(frame: string, { ranges, by }: DeliverEffect, desk: GroupChannel): void {
    for (const { from, to } of ranges) {
      for (let rank = from; rank < to; rank += 1) {
        const session = desk.deliveries.sessions[rank];
        if (session === undefined) continue;
        session.push(frame);
        if (by !== undefined) this.#gateway.flow.delivered(session, () => [by]);
      }
    }
  }

  deadline({ epoch, seq, deadlineMs }: DeadlineEffect, desk: GroupChannel): void {
    const { alarms, clock, log } = this.#gateway;
    const group = desk.group.name;
    const timer = alarms.after(deadlineMs, () =>
      log.append({ kind: 'expired', group, at: clock.wallMs(), epoch, seq }),
    );
    desk.awaitUntil(seq, timer);
  }

  recipientEnded(effect: RecipientEndedEffect): void {
    if (effect.to !== undefined) this.#gateway.session(effect.to)?.push(resultFrame(effect));
    this.#gateway.report(resultEvents[effect.status]);
  }

  outcome(effect: OutcomeEffect, desk: GroupChannel): void {
    const { to, sender, seq, name, recipients, counts, ms } = effect;
    desk.ended(seq);
    const session = to === undefined ? undefined : this.#gateway.session(to);
    session?.push(outcomeFrame(effect, this.#gateway.config.RANKD_FRAME_BYTES_MAX));
    const event = 'command.outcome';
    const group = desk.group.name;
    const forwarded = session !== undefined;
    this.#gateway.reportTo(to, { event, group, seq, name, member: sender.id, recipients, ...counts, ms, forwarded });
  }
}

function receiptEvent({ sender, name, verdict, refusedCount: refused }: ReceiptEffect, group: string): ServerEvent {
  const { id: member, name: from, rank } = sender;
  if (verdict.kind === 'rejected') {
    return { event: 'command.refused', group, name, member, from, rank, code: verdict.code };
  }
  const { seq, recipients } = verdict;
  return { event: 'command.accepted', group, name, member, from, rank, seq, recipients, refused };
}
