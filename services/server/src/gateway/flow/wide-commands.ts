/** Commands whose recipients together get many bytes, until all servers of the cluster have applied them. */

import type { FlowExchange } from '../../log/ordered-log.js';

/** A command is wide if its recipients together get at least this many bytes. */
export const WIDE_BYTES_MIN = 1_048_576;
/**
 * The most bytes that the recipients of all wide commands of this server may get before all servers have applied these commands. A single
 * command may exceed it. A server on one processor writes about 700 MB in a second, and reads its own heartbeats only after the commands.
 */
export const WIDE_BYTES_MAX = 268_435_456;

/** A wide command in the log. */
export interface WideCommand {
  readonly group: string;
  /** The bytes that all recipients together get. */
  readonly bytes: number;
}

/** A wide command that this server has applied. All servers have applied it when they have applied what is before `place`. */
interface AppliedCommand extends WideCommand {
  readonly place: ReturnType<FlowExchange['placeOf']>;
}

/**
 * Limits the wide commands of this server that are in the log. A server that only sends these commands has little work, while another
 * server writes them to all recipients. So a command counts until every server has reported that it has applied it.
 */
export class WideCommands {
  readonly #exchange: Pick<FlowExchange, 'placeOf' | 'isAppliedByAll'>;
  /** The commands that this server has applied in this round. The position of the log is behind them at the end of the round. */
  #applying: WideCommand[] = [];
  #applied: AppliedCommand[] = [];
  #bytes = 0;

  constructor(exchange: Pick<FlowExchange, 'placeOf' | 'isAppliedByAll'>) {
    this.#exchange = exchange;
  }

  /** Whether any wide command counts. */
  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Whether a command with this many bytes for its recipients may be appended now. */
  hasRoomFor(bytes: number): boolean {
    return bytes < WIDE_BYTES_MIN || this.#bytes === 0 || this.#bytes + bytes <= WIDE_BYTES_MAX;
  }

  /** Records that a command was appended. Returns it if it is wide. */
  add(group: string, bytes: number): WideCommand | undefined {
    if (bytes < WIDE_BYTES_MIN) return undefined;
    this.#bytes += bytes;
    return { group, bytes };
  }

  /** Records that this server has applied a wide command. */
  recordApplied(command: WideCommand): void {
    this.#applying.push(command);
  }

  /** Forgets the commands that all servers have applied. Must be called after a round of the event loop, not in it. */
  forgetApplied(): void {
    for (const command of this.#applying.splice(0)) {
      this.#applied.push({ ...command, place: this.#exchange.placeOf(command.group) });
    }
    this.#applied = this.#applied.filter(({ group, place, bytes }) => {
      const isCounted = place !== undefined && !this.#exchange.isAppliedByAll(group, place);
      if (!isCounted) this.#bytes -= bytes;
      return isCounted;
    });
  }
}
