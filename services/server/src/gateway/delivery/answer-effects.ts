/** Performs the effects that answer commands. */

import { encodeFrame } from '@rankd/protocol';
import type {
  AdminReceiptEffect,
  DeadlineEffect,
  Group,
  OutcomeEffect,
  ReceiptEffect,
  RecipientEndedEffect,
  ResultRefusedEffect,
} from '../../core/index.js';
import type { ServerEvent } from '../../server-event.js';
import { adminReceipt, type CommandFrames, resultFrame } from '../frames/command-frames.js';
import { errorMessage } from '../frames/session-frames.js';
import type { CommandDeadlines } from '../liveness/command-deadlines.js';
import type { OpenSessions } from '../session/open-sessions.js';
import type { EventReporter } from './event-reporter.js';
import type { GroupChannels } from './group-channels.js';

/** One result event is reported for each recipient of a tracked command. These objects are created once, to save allocations. */
const resultEvents = {
  done: { event: 'result', status: 'done' },
  failed: { event: 'result', status: 'failed' },
  refused: { event: 'result', status: 'refused' },
  expired: { event: 'result', status: 'expired' },
  left: { event: 'result', status: 'left' },
} as const;

/**
 * By how much results without a value (expired, left) and outcomes may exceed the backlog limit of the session that sent the command. The
 * end of many commands at once must not end a session that reads.
 */
const ANSWER_RESERVE_BYTES = 1_048_576;

/** The parts of the gateway that AnswerEffects uses. */
export interface AnswerEffectsPorts {
  readonly sessions: Pick<OpenSessions, 'get'>;
  readonly channels: Pick<GroupChannels, 'sendInOrder' | 'sendAdminReceipt'>;
  readonly commandFrames: Pick<CommandFrames, 'encodeReceipt' | 'encodeOutcome'>;
  readonly deadlines: Pick<CommandDeadlines, 'startTimer' | 'elapsedMs' | 'endCommand'>;
  readonly events: Pick<EventReporter, 'report' | 'reportFor'>;
}

/** Sends receipts, results and outcomes to the senders of commands, and starts the timers of deadlines. */
export class AnswerEffects {
  readonly #ports: AnswerEffectsPorts;

  constructor(ports: AnswerEffectsPorts) {
    this.#ports = ports;
  }

  /** Sends the receipt of a command, if its sender has a session on this server (R-CMD-3). */
  sendReceipt(effect: ReceiptEffect, group: string): void {
    const { sessions, channels, commandFrames, events } = this.#ports;
    const session = effect.to === undefined ? undefined : sessions.get(effect.to);
    if (session !== undefined) channels.sendInOrder(session, commandFrames.encodeReceipt(effect));
    events.reportFor(effect.to, receiptEvent(effect, group));
  }

  /** Sends the receipt of a move or a removal (R-ADMIN-1). */
  sendAdminReceipt(effect: AdminReceiptEffect): void {
    const session = this.#ports.sessions.get(effect.to);
    if (session !== undefined) this.#ports.channels.sendAdminReceipt(session, encodeFrame(adminReceipt(effect)));
  }

  /** Starts the timer of a command's deadline (R-CMD-6). */
  startDeadline(effect: DeadlineEffect, group: Group): void {
    this.#ports.deadlines.startTimer(effect, group);
  }

  /** Sends `error` with LATE_RESULT or UNEXPECTED_RESULT (R-CMD-5). */
  refuseResult({ to, code, seq }: ResultRefusedEffect): void {
    this.#ports.sessions.get(to)?.sendMessage(errorMessage(code, seq));
  }

  /** Sends one recipient's result to a sender that asked for each (R-CMD-6). Reports the result as an event. */
  sendResult(effect: RecipientEndedEffect, group: Group): void {
    const { sessions, deadlines, events } = this.#ports;
    const reserveBytes = effect.status === 'expired' || effect.status === 'left' ? ANSWER_RESERVE_BYTES : 0;
    const session = effect.to === undefined ? undefined : sessions.get(effect.to);
    session?.sendFrame(resultFrame(effect, deadlines.elapsedMs(effect.seq, group)), reserveBytes);
    events.report(resultEvents[effect.status]);
  }

  /** Sends the outcome of a command and stops the timer of its deadline (R-CMD-7). */
  sendOutcome(effect: OutcomeEffect, group: Group): void {
    const { sessions, commandFrames, deadlines, events } = this.#ports;
    const { to, sender, seq, name, recipients, counts } = effect;
    const ms = deadlines.endCommand(seq, group);
    const session = to === undefined ? undefined : sessions.get(to);
    session?.sendFrame(commandFrames.encodeOutcome(effect, ms), ANSWER_RESERVE_BYTES);
    const event = 'command.outcome';
    const forwarded = session !== undefined;
    const facts = { group: group.name, seq, name, member: sender.id, recipients, ...counts, ms, forwarded };
    events.reportFor(to, { event, ...facts });
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
