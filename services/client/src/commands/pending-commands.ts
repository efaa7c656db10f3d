/**
 * The commands whose outcome has not arrived. The outcome is the last message about a command: how many recipients ended in which
 * way.
 */

import { rawValue, type ForwardedResultMessage, type OutcomeMessage, type ReceiptMessage } from '@rankd/protocol';
import { errorFromServer, type RankdError } from '../rankd-error.js';
import { type CommandResult, Sheet } from './sheet.js';

/** Receives a result, and its value as the recipient wrote it. The text is undefined if there is no value, or no listener wants the text. */
export type ResultListener = (result: CommandResult, valueJson: string | undefined) => void;

interface PendingCommand {
  receipt: ReceiptMessage | undefined;
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
  async add(id: string, onResult: ResultListener): Promise<Sheet> {
    return new Promise((resolve, reject) => {
      this.#commands.set(id, { receipt: undefined, onResult, resolve, reject });
    });
  }

  /** Records whether the server accepted a command. Rejects the command if not. */
  handleReceipt(receipt: ReceiptMessage): void {
    const command = this.#commands.get(receipt.id);
    if (command === undefined) return;
    command.receipt = receipt;
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
    command.resolve(new Sheet(command.receipt, outcome));
  }

  /** Rejects every command with `error`. Called when the session has ended. */
  rejectAll(error: RankdError): void {
    for (const command of this.#commands.values()) command.reject(error);
    this.#commands.clear();
  }
}
