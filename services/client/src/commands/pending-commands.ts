/**
 * The commands whose outcome has not arrived. The outcome is the last message about a command: how many recipients ended in which
 * way.
 */

import {
  rawValue,
  type ForwardedResultMessage,
  type OutcomeMessage,
  type ReceiptMessage,
  type Target,
} from '@rankd/protocol';
import { errorFromServer, RankdError } from '../rankd-error.js';
import { type CommandResult, Sheet } from './sheet.js';

/** Receives a result, and its value as the recipient wrote it. The text is undefined if there is no value, or no listener wants the text. */
export type ResultListener = (result: CommandResult, valueJson: string | undefined) => void;

/** How a command selects its recipients, and whether its sheet contains their results. */
export interface SentCommand {
  readonly to?: Target | undefined;
  /** The results that the sheet contains. The caller adds to it. */
  readonly results?: readonly CommandResult[];
}

interface PendingCommand extends SentCommand {
  receipt: ReceiptMessage | undefined;
  /** The rank of the sender when the receipt arrived. */
  ownRank: number;
  readonly onResult: ResultListener;
  readonly resolve: (sheet: Sheet) => void;
  readonly reject: (error: RankdError) => void;
}

/** Matches receipts, results and outcomes to the commands that wait for them. */
export class PendingCommands {
  readonly #commands = new Map<string, PendingCommand>();
  #lastId = 0;

  /** Returns an id that this object has not returned before. */
  nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  /**
   * Adds a command. Resolves with its sheet when the outcome arrives.
   * @param onResult called with each result that arrives
   * @throws RankdError the code of the receipt if the server does not accept the command; the error of `rejectAll`
   */
  async add(id: string, onResult: ResultListener, sent: SentCommand = {}): Promise<Sheet> {
    return new Promise((resolve, reject) => {
      this.#commands.set(id, { ...sent, receipt: undefined, ownRank: 0, onResult, resolve, reject });
    });
  }

  /**
   * Records whether the server accepted a command. Rejects the command if not.
   * @param ownRank the rank of the sender. The server sends each new rank before the receipt (R-VIEW-3)
   */
  handleReceipt(receipt: ReceiptMessage, ownRank = 0): void {
    const command = this.#commands.get(receipt.id);
    if (command === undefined) return;
    command.receipt = receipt;
    command.ownRank = ownRank;
    if (receipt.accepted) return;
    this.#commands.delete(receipt.id);
    command.reject(errorFromServer(receipt));
  }

  /**
   * Passes the result of one recipient to its command.
   * @param frame the message as the server wrote it, if the listener wants the text of the value
   */
  handleResult({ id, from, status, value, error, ms }: ForwardedResultMessage, frame?: string): void {
    const valueJson = frame === undefined ? undefined : rawValue(frame, 'value');
    this.#commands.get(id)?.onResult({ from, status, value, error, ms }, valueJson);
  }

  /** Resolves the command with its sheet. */
  handleOutcome(outcome: OutcomeMessage): void {
    const command = this.#commands.get(outcome.id);
    if (command?.receipt === undefined) return;
    this.#commands.delete(outcome.id);
    command.resolve(new Sheet(command.receipt, outcome, command));
  }

  /** Rejects every command with OUTCOME_UNKNOWN and the results that have arrived. Called when the session has ended, with its reason. */
  rejectAll(reason?: string): void {
    for (const { results, reject } of this.#commands.values()) {
      reject(new RankdError('OUTCOME_UNKNOWN', reason, { results: results && [...results] }));
    }
    this.#commands.clear();
  }
}
