/** The outcome of a command, as its sender receives it. */

import type {
  MissingRecipient,
  NamedMember,
  OutcomeCounts,
  OutcomeMessage,
  ReceiptMessage,
  RefusedTarget,
  Target,
} from '@rankd/protocol';
import { type UnsentTarget, unsentTargets } from './unsent-targets.js';

/**
 * How a recipient of a command ended. `refused`: it did not start the command. `expired`: the deadline passed before a
 * result arrived. `left`: it left the group before a result arrived. After `expired` and `left` it is unknown whether the
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

/** What a sheet needs to know besides the receipt and the outcome. */
export interface SheetDetails {
  /** The target of the command. */
  readonly to?: Target | undefined;
  /** The rank of the sender when the receipt arrived. */
  readonly ownRank?: number;
  /** The results that arrived. */
  readonly results?: readonly CommandResult[];
}

/** The outcome of a command: the number of recipients, and how each of them ended (R-CMD-7). */
export class Sheet<V = unknown> implements OutcomeCounts {
  /** The position of the command in the group's log. It identifies the command within an epoch. */
  readonly seq: number;
  /** How many members received the command: the sum of `done`, `failed`, `refused`, `expired` and `left`. */
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
  /** The recipients that did not end with `done`, by rank, at most 100: each a `MissingRecipient`. */
  readonly missing: readonly MissingRecipient[];
  /** The result of each recipient, by rank, if the option `reply` was `each`. Otherwise empty. */
  readonly results: readonly CommandResult<V>[];
  /**
   * The targets that did not get the command: members that the server refused (OUTRANKED, AWAY), then ranks, ids and names
   * that match no member (NO_SUCH_TARGET). At most 100 of each. With `to: 'all'` the superiors of the sender are left out.
   */
  readonly unsent: readonly UnsentTarget[];
  /** How many targets did not get the command, without a limit. */
  readonly unsentCount: number;
  /**
   * The members that the server refused, at most 100: each a `RefusedTarget`. `unsent` has them too, except the superiors
   * of a command to `all`.
   */
  readonly outranked: readonly RefusedTarget[];
  /** How many members the server refused, without a limit. */
  readonly outrankedCount: number;
  /** The deadline that applied, ms: that of the options, or RANKD_DEADLINE_MAX_MS if that is smaller. */
  readonly deadlineMs: number | undefined;
  /** From the acceptance of the command to its outcome, ms, by the server's clock. */
  readonly ms: number;

  constructor(receipt: ReceiptMessage, outcome: OutcomeMessage, details: SheetDetails = {}) {
    const { to, ownRank = 0, results = [] } = details;
    const { unsent, unsentCount } = unsentTargets(receipt, to, ownRank);
    this.seq = outcome.seq;
    this.recipients = outcome.recipients;
    this.done = outcome.done;
    this.failed = outcome.failed;
    this.refused = outcome.refused;
    this.expired = outcome.expired;
    this.left = outcome.left;
    this.missing = outcome.missing;
    this.results = [...results].sort((a, b) => a.from.rank - b.from.rank) as CommandResult<V>[];
    this.unsent = unsent;
    this.unsentCount = unsentCount;
    this.outranked = receipt.refused;
    this.outrankedCount = receipt.refusedCount;
    this.deadlineMs = receipt.deadlineMs;
    this.ms = outcome.ms;
  }

  /** Returns whether every target got the command and ended with `status`: `unsent` is empty too. */
  all(status: Ending): boolean {
    return this.unsentCount === 0 && this[status] === this.recipients;
  }
}
