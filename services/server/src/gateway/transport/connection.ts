/** Which side closed a connection: the peer (FIN or RST), or we. */
export type ClosedBy = 'peer' | 'us';

/** The byte stream of one peer, over TCP, TLS or the simulator. Only the outbox writes to it. */
export interface Connection {
  /** The peer's address, for people: `203.0.113.7:51234`. */
  readonly address: string;
  /** The same without the port; limits count by it. */
  readonly host: string;
  /** Bytes that were written and that the operating system has not taken yet. */
  readonly backlogBytes: number;
  write(bytes: Buffer): void;
  /** R-FLOW-1: stops reading from the peer, until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what is written, then closes our end. Destroys the connection if the peer does not close its end in time. */
  end(): void;
  destroy(): void;
  /** For a person at netcat, who answers no pings: has the operating system notice a dead peer. */
  keepAlive(): void;
}

/** Receives the events of a connection. */
export interface ConnectionListener {
  receiveBytes(bytes: Buffer): void;
  /** The connection is over. Called once or more often. */
  endClosed(by: ClosedBy): void;
  /** The connection cannot carry a session. The peer is sent the code only, if it can be; `reason` is for the log. */
  refuse(code: 'BAD_FRAME' | 'UNAUTHORIZED', reason: string): void;
}

/** Called for each new connection; returns what receives its events. */
export type Accept = (connection: Connection) => ConnectionListener;
