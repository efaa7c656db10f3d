/** The writes to one client, which are held back while the client may receive nothing (R-VIEW-3). */

import type { Connection } from '../transport/connection.js';
import type { Traffic } from './outbox.js';

/**
 * Writes to the connection of a session. While writes are held, they wait here in their order, and count as backlog. So a view, a command
 * and a receipt keep their order.
 */
export class HeldWrites {
  readonly #connection: Pick<Connection, 'write' | 'backlogBytes'>;
  readonly #traffic: Traffic;
  /** The writes that wait. Undefined while each write goes to the connection at once. */
  #waiting: Buffer[] | undefined;
  #waitingBytes = 0;

  constructor(connection: Pick<Connection, 'write' | 'backlogBytes'>, traffic: Traffic) {
    this.#connection = connection;
    this.#traffic = traffic;
  }

  /** Whether writes are held. */
  get isHeld(): boolean {
    return this.#waiting !== undefined;
  }

  /** The bytes that the operating system has not taken yet. */
  get backlogBytes(): number {
    return this.#connection.backlogBytes + this.#waitingBytes;
  }

  /** Holds all writes from now on. */
  hold(): void {
    this.#waiting ??= [];
  }

  /** Writes, or adds the bytes to the held ones. */
  write(bytes: Buffer): void {
    if (this.#waiting === undefined) this.writeAhead(bytes);
    else {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
    }
  }

  /** Writes to the connection at once, ahead of held writes. */
  writeAhead(bytes: Buffer): void {
    this.#traffic.sentBytes += bytes.length;
    this.#connection.write(bytes);
  }

  /** Writes everything that was held, in its order. Holds nothing from now on. */
  release(): void {
    const waiting = this.#waiting ?? [];
    this.drop();
    for (const bytes of waiting) this.writeAhead(bytes);
  }

  /** Drops everything that was held. Holds nothing from now on. */
  drop(): void {
    this.#waiting = undefined;
    this.#waitingBytes = 0;
  }
}
