import type {
  MissingRecipient,
  NamedMember,
  OutcomeCounts,
  OutcomeMessage,
  ReceiptMessage,
  RefusedTarget,
} from '@rankd/protocol';

/**
 * How a recipient of a command ended. `expired` and `left` mean that it is unknown whether the command was executed
 * (R-CMD-6).
 */
export type Ending = 'done' | 'failed' | 'refused' | 'expired' | 'left';

/** The result of one recipient (R-CMD-6). */
export interface CommandResult<V = unknown> {
  readonly from: NamedMember;
  readonly status: Ending;
  readonly value: V | undefined;
  readonly error: { readonly code: string; readonly message?: string } | undefined;
  /** The time from the acceptance of the command to this result, ms, by the server's clock. */
  readonly ms: number;
}

/** The answer sheet of a command: the number of recipients, and how each of them ended (R-CMD-7). */
export class Sheet implements OutcomeCounts {
  /** The position of the command in the group's log. */
  readonly seq: number;
  readonly recipients: number;
  readonly done: number;
  readonly failed: number;
  readonly refused: number;
  readonly expired: number;
  readonly left: number;
  /** The recipients that did not end with `done`, in order of rank, at most 100. */
  readonly missing: readonly MissingRecipient[];
  /** The targeted members that may not execute the command, at most 100. `outrankedCount` is the number of all of them. */
  readonly outranked: readonly RefusedTarget[];
  readonly outrankedCount: number;
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
