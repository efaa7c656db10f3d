import type { ForwardedResultMessage, OutcomeMessage, ReceiptMessage } from '@rankd/protocol';
import { errorFromServer, type RankdError } from '../rankd-error.js';
import { Sheet, type CommandResult } from './sheet.js';

interface OpenCommand {
  receipt: ReceiptMessage | undefined;
  readonly onResult: (result: CommandResult) => void;
  readonly resolve: (sheet: Sheet) => void;
  readonly reject: (error: RankdError) => void;
}

/** The commands that this member has sent and whose outcome has not come. */
export class PendingCommands {
  readonly #open = new Map<string, OpenCommand>();
  #sent = 0;

  /** An id that no command of this member has had. */
  nextId(): string {
    this.#sent += 1;
    return String(this.#sent);
  }

  /** Enters a command; resolves with its sheet once the outcome has come. */
  async enter(id: string, onResult: (result: CommandResult) => void): Promise<Sheet> {
    return new Promise((resolve, reject) => {
      this.#open.set(id, { receipt: undefined, onResult, resolve, reject });
    });
  }

  receipt(receipt: ReceiptMessage): void {
    const command = this.#open.get(receipt.id);
    if (command === undefined) return;
    command.receipt = receipt;
    if (receipt.accepted) return;
    this.#open.delete(receipt.id);
    command.reject(errorFromServer(receipt));
  }

  result({ id, from, status, value, error, ms }: ForwardedResultMessage): void {
    this.#open.get(id)?.onResult({ from, status, value, error, ms });
  }

  outcome(outcome: OutcomeMessage): void {
    const command = this.#open.get(outcome.id);
    if (command?.receipt === undefined) return;
    this.#open.delete(outcome.id);
    command.resolve(new Sheet(command.receipt, outcome));
  }

  /** The session is over: what was open has an outcome that nobody will tell. */
  abandon(error: RankdError): void {
    for (const command of this.#open.values()) command.reject(error);
    this.#open.clear();
  }
}
