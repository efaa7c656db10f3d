/** The limits and times that the core enforces. */

/** The limits and times come from the server's settings and from the protocol's `limits`. */
export interface GroupLimits {
  /** Members of a group, including away members (R-JOIN-4). */
  readonly membersMax: number;
  /** Sessions on the waitlist of a group. 0: no waitlist. */
  readonly waitlistMax: number;
  readonly groupsMax: number;
  /** Open commands of one sender. An open command is one without an outcome. */
  readonly commandsOpenMax: number;
  /**
   * Results that all open commands of a group await. A sender may await at most as many as remain free, so one sender gets at most half.
   */
  readonly awaitedMax: number;
  /** Commands of one sender in a second. 0: no limit. */
  readonly commandsPerSecond: number;
  /** Longer deadlines are shortened to this (R-CMD-1). */
  readonly deadlineMsMax: number;
  /** Refused targets that a receipt lists, and as many unmatched targets (R-CMD-3). */
  readonly refusedMax: number;
  /** Recipients that an outcome lists as missing (R-CMD-7). */
  readonly missingMax: number;
  /** Changes that the history of a group keeps (R-ASK-1). */
  readonly historyMax: number;
  /** A member suspends itself this long after its last acknowledged pong (R-LEAD-3). */
  readonly suspendMs: number;
  /** How long a member that lost its connection keeps its seat (R-VIEW-4). */
  readonly graceMs: number;
  /**
   * How long a leader that lost its connection keeps its seat at least (R-VIEW-4). Above 0, a close does not prove that the leader has
   * stopped, because a proxy may have closed the connection (R-LEAD-1).
   */
  readonly graceLeaderMs: number;
  /** How long a restored seat is kept after a restart (R-VIEW-6). */
  readonly reformMs: number;
  /** How long a member of a lost server keeps its seat. */
  readonly graceServerMs: number;
}
