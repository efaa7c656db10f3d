/** Whose doing it was that a connection is over: its own end closed it (FIN or RST), or we did. */
export type ClosedBy = 'peer' | 'us';

/** One peer's byte stream, whatever carries it: TCP, TLS, or the simulator. Only the outbox writes to it. */
export interface Connection {
  /** Where the peer is, for people: `203.0.113.7:51234`. */
  readonly address: string;
  /** The same without the port: what limits are counted by. */
  readonly host: string;
  /** Bytes that were written and that the operating system has not taken yet. */
  readonly backlogBytes: number;
  write(bytes: Buffer): void;
  /** R-FLOW-1: reads no more from the peer, until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what is written, then closes our end; destroys the rest where the peer does not close its own in time. */
  end(): void;
  destroy(): void;
  /** For a person at netcat, who answers no pings: let the operating system notice a dead peer. */
  keepAlive(): void;
}

/** Takes what a connection brings. */
export interface ConnectionListener {
  received(bytes: Buffer): void;
  closed(by: ClosedBy): void;
  /** It is not fit to carry a session. The peer is told no more than the code, where it can be told; `reason` is for the log. */
  unfit(code: 'BAD_FRAME' | 'UNAUTHORIZED', reason: string): void;
}

/** What becomes of a peer that has connected. */
export type Accept = (connection: Connection) => ConnectionListener;
