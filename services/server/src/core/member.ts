/** A member's id, minted before it joins and never used again. */
export type MemberId = string;

/** One connection to one server. */
export type SessionId = string;

/** An admitted participant. Only the roster changes `rankHint`; everything else stays as it was when it joined. */
export interface Member {
  readonly id: MemberId;
  readonly session: SessionId;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly address: string;
  /** Wall clock, ms since 1970. */
  readonly joinedAt: number;
  /** The smallest number that was free on admission. */
  readonly slot: number;
  /** Never smaller than the member's rank; exact unless a superior has left since the roster last looked. */
  rankHint: number;
  /** The number of its last command in the log: one that is not larger has been applied already. */
  lastCommand: number;
  /** Its open commands, by the id that it chose: for DUPLICATE_ID and TOO_MANY_OPEN. */
  readonly openIds: Map<string, number>;
}

/** What a newcomer says of itself. */
export type Newcomer = Pick<Member, 'id' | 'session' | 'name' | 'tags' | 'address' | 'joinedAt'>;
