import type { DeadlineEffect, OutcomeEffect, ReceiptEffect, RecipientEndedEffect } from '../../core/index.js';
import type { ServerEvent } from '../../server-event.js';
import { type CommandFrames, outcomeFrame, resultFrame } from '../frames/command-frames.js';
import type { Proposals } from '../proposals.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { Session } from '../session/session.js';
import type { EventReporter } from './event-reporter.js';
import type { GroupChannel } from './group-channel.js';

/** There is one for every recipient of every command that is followed to its end. */
const resultEvents = {
  done: { event: 'result', status: 'done' },
  failed: { event: 'result', status: 'failed' },
  refused: { event: 'result', status: 'refused' },
  expired: { event: 'result', status: 'expired' },
  left: { event: 'result', status: 'left' },
} as const;

export interface CommandEffectsPorts {
  readonly frameBytesMax: number;
  readonly commandFrames: Pick<CommandFrames, 'encodeReceipt'>;
  readonly proposals: Pick<Proposals, 'proposeAfter'>;
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly channels: { sendInOrder(session: Session, frame: string): void };
  readonly events: Pick<EventReporter, 'report' | 'reportFor'>;
}

/** Performs what a command brings its sender: receipt, results and outcome; and waits for its deadline. Decides nothing. */
export class CommandEffects {
  readonly #ports: CommandEffectsPorts;

  constructor(ports: CommandEffectsPorts) {
    this.#ports = ports;
  }

  /** R-CMD-3 */
  sendReceipt(effect: ReceiptEffect, group: string): void {
    const { sessions, channels, commandFrames, events } = this.#ports;
    const session = effect.to === undefined ? undefined : sessions.get(effect.to);
    if (session !== undefined) channels.sendInOrder(session, commandFrames.encodeReceipt(effect));
    events.reportFor(effect.to, receiptEvent(effect, group));
  }

  awaitDeadline({ epoch, seq, deadlineMs }: DeadlineEffect, channel: GroupChannel): void {
    const group = channel.group.name;
    const timer = this.#ports.proposals.proposeAfter(deadlineMs, { kind: 'expired', group, epoch, seq });
    channel.addDeadline(seq, timer);
  }

  sendResult(effect: RecipientEndedEffect): void {
    const { sessions, events } = this.#ports;
    if (effect.to !== undefined) sessions.get(effect.to)?.sendFrame(resultFrame(effect));
    events.report(resultEvents[effect.status]);
  }

  sendOutcome(effect: OutcomeEffect, channel: GroupChannel): void {
    const { to, sender, seq, name, recipients, counts, ms } = effect;
    channel.cancelDeadline(seq);
    const session = to === undefined ? undefined : this.#ports.sessions.get(to);
    session?.sendFrame(outcomeFrame(effect, this.#ports.frameBytesMax));
    const event = 'command.outcome';
    const group = channel.group.name;
    const forwarded = session !== undefined;
    const facts = { group, seq, name, member: sender.id, recipients, ...counts, ms, forwarded };
    this.#ports.events.reportFor(to, { event, ...facts });
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
