/** The limits and times that the core enforces. They come from the server's settings and the protocol's limits. */
export interface GroupLimits {
  readonly membersMax: number;
  readonly waitlistMax: number;
  readonly groupsMax: number;
  readonly commandsOpenMax: number;
  /** 0: no limit. */
  readonly commandsPerSecond: number;
  readonly deadlineMsMax: number;
  readonly refusedMax: number;
  readonly missingMax: number;
  readonly historyMax: number;
  readonly suspendMs: number;
  readonly graceMs: number;
  readonly graceLeaderMs: number;
  readonly reformMs: number;
  readonly graceServerMs: number;
}
