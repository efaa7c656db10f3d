import type {
  MissingRecipient,
  NamedMember,
  OutcomeCounts,
  OutcomeMessage,
  ReceiptMessage,
  RefusedTarget,
} from '@rankd/protocol';

/** How a recipient of a command ended: expired and left mean unknown, not undone (R-CMD-6). */
export type Ending = 'done' | 'failed' | 'refused' | 'expired' | 'left';

/** One recipient's answer, as it comes (R-CMD-6). */
export interface CommandResult<V = unknown> {
  readonly from: NamedMember;
  readonly status: Ending;
  readonly value: V | undefined;
  readonly error: { readonly code: string; readonly message?: string } | undefined;
  /** From the command's acceptance to its end, by the server's clock. */
  readonly ms: number;
}

/** The answer sheet of a command (R-CMD-7): how many recipients it had, and how each of them ended. */
export class Sheet implements OutcomeCounts {
  /** The command's place in the group's order. */
  readonly seq: number;
  readonly recipients: number;
  readonly done: number;
  readonly failed: number;
  readonly refused: number;
  readonly expired: number;
  readonly left: number;
  /** Those that did not do it, by rank, at most 100. */
  readonly missing: readonly MissingRecipient[];
  /** Those that were aimed at and may not execute it, at most 100; `outrankedCount` has the whole number. */
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

  /** Did every recipient end like this? */
  all(status: Ending): boolean {
    return this[status] === this.recipients;
  }
}
