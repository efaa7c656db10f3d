import type { ForwardedResultMessage, OutcomeMessage, ReceiptMessage } from '@rankd/protocol';
import { errorFromServer, type RankdError } from '../rankd-error.js';
import { type CommandResult, Sheet } from './sheet.js';

interface PendingCommand {
  receipt: ReceiptMessage | undefined;
  readonly onResult: (result: CommandResult) => void;
  readonly resolve: (sheet: Sheet) => void;
  readonly reject: (error: RankdError) => void;
}

/** The commands that were sent and whose outcome has not arrived. */
export class PendingCommands {
  readonly #commands = new Map<string, PendingCommand>();
  #lastId = 0;

  /** Returns an id that no command of this member has had. */
  nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  /** Adds a command. Resolves with its sheet when the outcome arrives. Rejects with the code of a refusing receipt. */
  async add(id: string, onResult: (result: CommandResult) => void): Promise<Sheet> {
    return new Promise((resolve, reject) => {
      this.#commands.set(id, { receipt: undefined, onResult, resolve, reject });
    });
  }

  handleReceipt(receipt: ReceiptMessage): void {
    const command = this.#commands.get(receipt.id);
    if (command === undefined) return;
    command.receipt = receipt;
    if (receipt.accepted) return;
    this.#commands.delete(receipt.id);
    command.reject(errorFromServer(receipt));
  }

  handleResult({ id, from, status, value, error, ms }: ForwardedResultMessage): void {
    this.#commands.get(id)?.onResult({ from, status, value, error, ms });
  }

  handleOutcome(outcome: OutcomeMessage): void {
    const command = this.#commands.get(outcome.id);
    if (command?.receipt === undefined) return;
    this.#commands.delete(outcome.id);
    command.resolve(new Sheet(command.receipt, outcome));
  }

  /** Rejects every open command: the session has ended. */
  rejectAll(error: RankdError): void {
    for (const command of this.#commands.values()) command.reject(error);
    this.#commands.clear();
  }
}
