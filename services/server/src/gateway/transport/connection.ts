/** The interface between a session and the bytes of its client. */

import type { Mistake } from '@rankd/protocol';

/** Which side closed a connection: the client (`peer`, by FIN or RST) or this server (`us`). */
export type ClosedBy = 'peer' | 'us';

/** The byte stream of one client over TCP, TLS or the simulator. Only the outbox writes to it. */
export interface Connection {
  /** The client's address for people: `203.0.113.7:51234`. */
  readonly address: string;
  /** The address without the port. Limits count by it. */
  readonly host: string;
  /** Bytes that were written and that the operating system has not taken yet. */
  readonly backlogBytes: number;
  write(bytes: Buffer): void;
  /** Stops reading from the client until `resume` (R-FLOW-1). */
  pause(): void;
  resume(): void;
  /**
   * Sends the written bytes, then closes this end of the connection. Destroys the connection if the client does not close the other end in
   * time.
   */
  end(): void;
  /** Closes the connection at once. Unsent bytes are lost. */
  destroy(): void;
  /** Makes the operating system detect a dead client by TCP keepalive. For clients that answer no pings, such as a person at netcat. */
  keepAlive(): void;
}

/** Receives the events of a connection. */
export interface ConnectionListener {
  receiveBytes(bytes: Buffer): void;
  /** The connection has closed. May be called more than once. */
  endClosed(by: ClosedBy): void;
  /**
   * The connection cannot carry a session. The client is sent only the code and the sentence of the mistake, if that is possible.
   * `reason` is for the log.
   */
  refuse(code: 'BAD_FRAME' | 'UNAUTHORIZED', reason: string, mistake?: Mistake): void;
}

/** Called for each new connection. Returns the listener of its events. */
export type Accept = (connection: Connection) => ConnectionListener;
