import type { Effect } from '../effects.js';
import type { ConfirmedEntry, JoinedEntry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import { type Member, type Newcomer, type SessionId, sessionOf } from '../roster/member.js';
import { noRanks, type VersionedRoster } from '../roster/versioned-roster.js';
import { Waitlist } from '../roster/waitlist.js';

/** Admits a session: with the last rank, with the seat whose secret it shows, or onto the waitlist. */
export class Admission {
  readonly #group: string;
  readonly #versioned: VersionedRoster;
  readonly #limits: GroupLimits;
  readonly #waitlist = new Waitlist();

  constructor(group: string, versioned: VersionedRoster, limits: GroupLimits) {
    this.#group = group;
    this.#versioned = versioned;
    this.#limits = limits;
  }

  /** Sessions on the waitlist, first come first. */
  get waiting(): readonly SessionId[] {
    return this.#waitlist.sessions;
  }

  /** Whether this entry was applied before: its session is a member, waits, or has resumed. */
  isApplied({ newcomer: { id, session }, resume }: JoinedEntry): boolean {
    const { roster } = this.#versioned;
    const claimed = resume && roster.member(resume.member);
    const hasResumed = claimed !== undefined && sessionOf(claimed) === session;
    return roster.member(id) !== undefined || this.#waitlist.has(session) || hasResumed;
  }

  /** R-JOIN-6: the seat whose secret it shows. */
  claimedSeat({ resume }: JoinedEntry): Member | undefined {
    if (resume === undefined) return undefined;
    const member = this.#versioned.roster.member(resume.member);
    if (member === undefined || member.presence.kind === 'gone') return undefined;
    const { current, earlier } = member.secrets;
    return resume.secretHash === current || resume.secretHash === earlier ? member : undefined;
  }

  /** R-JOIN-2, R-JOIN-4: last in the order, else on the waitlist, else turned away. */
  admitOrWait(newcomer: Newcomer, at: number): Effect[] {
    const { membersMax, waitlistMax } = this.#limits;
    if (this.#versioned.roster.size < membersMax) return this.#admit(newcomer, at);
    const { session } = newcomer;
    if (this.#waitlist.size >= waitlistMax) {
      const detail = `group ${this.#group} holds ${membersMax}`;
      return [{ kind: 'turned-away', session, code: 'FULL', detail }];
    }
    this.#waitlist.add(newcomer);
    return [{ kind: 'waiting', session }];
  }

  /** R-JOIN-4: seats have fallen free. */
  admitWaiting(at: number): Effect[] {
    const effects: Effect[] = [];
    while (this.#versioned.roster.size < this.#limits.membersMax) {
      const next = this.#waitlist.next();
      if (next === undefined) break;
      effects.push(...this.#admit(next, at), { kind: 'waiting', session: next.session });
    }
    return effects;
  }

  /** A session on the waitlist is over: those behind it are told. */
  stopWaiting(session: SessionId): Effect[] {
    return this.#waitlist.remove(session) ? [{ kind: 'waiting', session }] : [];
  }

  /** R-JOIN-6: `member` has its seat back, on another session and with another secret. */
  resume(member: Member, { newcomer, resume, at }: JoinedEntry): Effect[] {
    const { session, address, secretHash } = newcomer;
    const { roster } = this.#versioned;
    const earlierSession = sessionOf(member);
    // The secret that it showed is the one that it certainly has, however many welcomes were lost.
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

  /** R-JOIN-6: it has the secret that its last welcome brought, and needs no earlier one. */
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

  snapshot(): readonly Newcomer[] {
    return this.#waitlist.snapshot();
  }

  /** Of an admission on which nobody waits. */
  load(waiting: readonly Newcomer[]): void {
    this.#waitlist.load(waiting);
  }
}
