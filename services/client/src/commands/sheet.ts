/** The outcome of a command, as its sender receives it. */

import type {
  MissingRecipient,
  NamedMember,
  OutcomeCounts,
  OutcomeMessage,
  ReceiptMessage,
  RefusedTarget,
} from '@rankd/protocol';

/**
 * How a recipient of a command ended. `refused`: the member did not start the command. `expired`: the deadline passed before a
 * result arrived. `left`: the member left the group before a result arrived. After `expired` and `left` it is unknown whether the
 * command was executed (R-CMD-6).
 */
export type Ending = 'done' | 'failed' | 'refused' | 'expired' | 'left';

/** The result of one recipient (R-CMD-6). */
export interface CommandResult<V = unknown> {
  /** The recipient that this result is about. */
  readonly from: NamedMember;
  /** How the recipient ended. */
  readonly status: Ending;
  /** What the handler returned, as JSON.parse reads it. Undefined if it returned nothing or did not succeed. */
  readonly value: V | undefined;
  /** Why the command was not executed, if the status is `failed` or `refused`. */
  readonly error: { readonly code: string; readonly message?: string } | undefined;
  /** From the acceptance of the command to this result, ms, by the server's clock. */
  readonly ms: number;
}

/** The outcome of a command: the number of recipients, and how each of them ended (R-CMD-7). */
export class Sheet implements OutcomeCounts {
  /** The position of the command in the group's log. It identifies the command within an epoch. */
  readonly seq: number;
  /** How many members received the command. The five counts below add up to it. */
  readonly recipients: number;
  /** How many executed the command. */
  readonly done: number;
  /** How many failed: their handler threw an error. */
  readonly failed: number;
  /** How many did not start the command. */
  readonly refused: number;
  /** How many sent no result before the deadline. */
  readonly expired: number;
  /** How many left the group before they sent a result. */
  readonly left: number;
  /** The recipients that did not end with `done`, by rank. At most 100 of them. */
  readonly missing: readonly MissingRecipient[];
  /**
   * The members that were targeted and refused by the server, with the code for each. At most 100. The code is OUTRANKED if the
   * member is the sender or its superior, and AWAY if the member has no session.
   */
  readonly outranked: readonly RefusedTarget[];
  /** How many members were targeted and refused, without a limit. */
  readonly outrankedCount: number;
  /** From the acceptance of the command to its outcome, ms, by the server's clock. */
  readonly ms: number;

  constructor(receipt: ReceiptMessage, outcome: OutcomeMessage) {
    this.seq = outcome.seq;
    this.recipients = outcome.recipients;
    this.done = outcome.done;
    this.failed = outcome.failed;
    this.refused = outcome.refused;
    this.expired = outcome.expired;
    this.left = outcome.left;
    this.missing = outcome.missing;
    this.outranked = receipt.refused;
    this.outrankedCount = receipt.refusedCount;
    this.ms = outcome.ms;
  }

  /** Returns whether every recipient ended with `status`. */
  all(status: Ending): boolean {
    return this[status] === this.recipients;
  }
}
