/** R-JOIN-2, R-JOIN-4, R-JOIN-6: how sessions get their seats. */

import type { Effect } from '../effects.js';
import type { ConfirmedEntry, JoinedEntry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import { type Member, type Newcomer, type SessionId, sessionOf } from '../roster/member.js';
import { noRanks, type VersionedRoster } from '../roster/versioned-roster.js';
import { Waitlist } from '../roster/waitlist.js';

/**
 * Gives sessions their seats (R-JOIN-2, R-JOIN-4, R-JOIN-6). A seat is a member's place in the group: its id, rank and slot. A session
 * gets the last rank, or the seat whose secret it presents, or a place on the waitlist.
 */
export class Admission {
  readonly #group: string;
  readonly #versioned: VersionedRoster;
  readonly #limits: GroupLimits;
  readonly #waitlist = new Waitlist();

  /** `group` is the name of the group, for messages. */
  constructor(group: string, versioned: VersionedRoster, limits: GroupLimits) {
    this.#group = group;
    this.#versioned = versioned;
    this.#limits = limits;
  }

  /** The sessions on the waitlist, in order. */
  get waiting(): readonly SessionId[] {
    return this.#waitlist.sessions;
  }

  /** Whether this entry was applied before: its session already belongs to a member, or is already on the waitlist. */
  isApplied({ newcomer: { id, session }, resume }: JoinedEntry): boolean {
    const { roster } = this.#versioned;
    const claimed = resume && roster.member(resume.member);
    const hasResumed = claimed !== undefined && sessionOf(claimed) === session;
    return roster.member(id) !== undefined || this.#waitlist.has(session) || hasResumed;
  }

  /** Returns the member whose seat the session claims with a valid secret (R-JOIN-6). Returns undefined if there is none. */
  claimedSeat({ resume }: JoinedEntry): Member | undefined {
    if (resume === undefined) return undefined;
    const member = this.#versioned.roster.member(resume.member);
    if (member === undefined || member.presence.kind === 'gone') return undefined;
    const { current, earlier } = member.secrets;
    return resume.secretHash === current || resume.secretHash === earlier ? member : undefined;
  }

  /**
   * Admits a session with the last rank. If the group is full, adds the session to the waitlist, or refuses it with FULL if the waitlist
   * is full too (R-JOIN-2, R-JOIN-4).
   */
  admitOrWait(newcomer: Newcomer, at: number): Effect[] {
    const { membersMax, waitlistMax } = this.#limits;
    if (this.#versioned.roster.size < membersMax) return this.#admit(newcomer, at);
    const { session } = newcomer;
    if (this.#waitlist.size >= waitlistMax) {
      const detail = `group ${this.#group} has ${membersMax} of ${membersMax} members`;
      return [{ kind: 'turned-away', session, code: 'FULL', detail }];
    }
    this.#waitlist.add(newcomer);
    return [{ kind: 'waiting', session }];
  }

  /** Admits sessions from the waitlist while seats are free, first come first served (R-JOIN-4). */
  admitWaiting(at: number): Effect[] {
    const effects: Effect[] = [];
    while (this.#versioned.roster.size < this.#limits.membersMax) {
      const next = this.#waitlist.next();
      if (next === undefined) break;
      effects.push(...this.#admit(next, at), { kind: 'waiting', session: next.session });
    }
    return effects;
  }

  /** Removes an ended session from the waitlist. The effect sends the waiting sessions their new positions (R-JOIN-4). */
  stopWaiting(session: SessionId): Effect[] {
    return this.#waitlist.remove(session) ? [{ kind: 'waiting', session }] : [];
  }

  /** Gives `member` its seat back, with a new session and a new secret. An open older session of the member ends (R-JOIN-6). */
  resume(member: Member, { newcomer, resume, at }: JoinedEntry): Effect[] {
    const { session, address, secretHash } = newcomer;
    const { roster } = this.#versioned;
    const earlierSession = sessionOf(member);
    // The presented secret stays valid: the member certainly has it, and the `welcome` with the new secret may be lost.
    const isContested = earlierSession !== undefined && resume?.secretHash === member.secrets.earlier;
    member.secrets = { current: secretHash, earlier: resume?.secretHash, isContested };
    member.address = address;
    roster.setPresence(member, { kind: 'present', session });
    const rank = roster.rankOf(member);
    const welcomed: Effect = { kind: 'welcomed', member, session, rank, resumed: true };
    if (earlierSession !== undefined) return [{ kind: 'replaced', session: earlierSession }, welcomed];
    return [
      this.#versioned.recordChange({ kind: 'resumed', member, rank, reason: undefined }, at, noRanks, 0),
      welcomed,
    ];
  }

  /** Makes the earlier secret invalid, because the member has received its last `welcome` (R-JOIN-6). */
  confirm({ member: id, session }: ConfirmedEntry): void {
    const member = this.#versioned.roster.member(id);
    if (member === undefined || sessionOf(member) !== session) return;
    member.secrets = { current: member.secrets.current, earlier: undefined, isContested: false };
  }

  #admit(newcomer: Newcomer, at: number): Effect[] {
    const { session } = newcomer;
    const { roster } = this.#versioned;
    const member = roster.add(newcomer, at);
    const rank = roster.size - 1;
    const changed = this.#versioned.recordChange({ kind: 'joined', member, rank, reason: undefined }, at, noRanks, 0);
    return [changed, { kind: 'welcomed', member, session, rank, resumed: false }];
  }

  /** Returns the waitlist as plain values. */
  snapshot(): readonly Newcomer[] {
    return this.#waitlist.snapshot();
  }

  /** Loads a snapshot. The waitlist must be empty. */
  load(waiting: readonly Newcomer[]): void {
    this.#waitlist.load(waiting);
  }
}
