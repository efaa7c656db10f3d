import { assertNever } from './assert-never.js';
import { Commanding } from './commanding.js';
import type { AdminReceiptEffect, Effect } from './effects.js';
import type {
  DepartedEntry,
  GraceEndedEntry,
  GroupEntry,
  JoinedEntry,
  MovedEntry,
  RemovedEntry,
  RestoredEntry,
  StoppedEntry,
} from './entries.js';
import { Handover, type Decision } from './handover.js';
import { sessionOf, type Member, type Newcomer, type SessionId } from './member.js';
import { noRanks, Order } from './order.js';
import type { Roster } from './roster.js';
import type { Rules } from './rules.js';
import { Waitlist } from './waitlist.js';

/**
 * One independent rank order (protocol: Terms). `apply` is the only way in which it changes, and its effects are the only
 * way in which that shows. Applying the same entries to two of them leaves both alike.
 */
export class Group {
  readonly name: string;
  readonly #rules: Rules;
  readonly #order: Order;
  readonly #commanding: Commanding;
  readonly #waitlist = new Waitlist();
  readonly #handover = new Handover();
  #motion: 'moving' | 'frozen' = 'moving';

  constructor(name: string, epoch: number, rules: Rules) {
    this.name = name;
    this.#rules = rules;
    this.#order = new Order(epoch, rules.historyMax);
    this.#commanding = new Commanding(this.#order, rules);
  }

  get epoch(): number {
    return this.#order.epoch;
  }

  get view(): number {
    return this.#order.view;
  }

  get seq(): number {
    return this.#order.seq;
  }

  /** Read, never changed, from outside. */
  get roster(): Roster {
    return this.#order.roster;
  }

  get history(): Order['history'] {
    return this.#order.history;
  }

  /** Sessions on the waitlist, first come first. */
  get waiting(): readonly SessionId[] {
    return this.#waitlist.sessions;
  }

  /** How many commands wait for recipients. */
  get commandsOpen(): number {
    return this.#commanding.openCount;
  }

  apply(entry: GroupEntry): Effect[] {
    switch (entry.kind) {
      case 'joined':
        return this.#join(entry);
      case 'confirmed':
        return this.#confirm(entry.member, entry.session);
      case 'waiting-left':
        return this.#waitlist.remove(entry.session) ? [{ kind: 'waiting', session: entry.session }] : [];
      case 'departed':
        return this.#depart(entry);
      case 'grace-ended':
        return this.#endGrace(entry);
      case 'stopped':
        return this.#stopped(entry);
      case 'moved':
        return this.#decide({ kind: 'move', entry }, entry.at);
      case 'removed':
        return this.#decide({ kind: 'remove', entry }, entry.at);
      case 'command':
        return this.#commanding.command(entry, this.#motion === 'frozen');
      case 'admin-gone':
        this.#commanding.adminGone(entry.session);
        return [];
      case 'result':
        return this.#commanding.result(entry);
      case 'expired':
        return this.#commanding.expire(entry);
      case 'restored':
        return this.#restore(entry);
      default:
        return assertNever(entry);
    }
  }

  /** R-BYE-2: from here on nobody joins, nobody is promoted and no command is accepted. */
  freeze(): void {
    this.#motion = 'frozen';
  }

  /** R-JOIN-2, R-JOIN-4, R-JOIN-6 */
  #join(entry: JoinedEntry): Effect[] {
    const { newcomer, at } = entry;
    const { session } = newcomer;
    if (this.roster.member(newcomer.id) !== undefined || this.#hasPlace(entry)) return [];
    if (this.#motion === 'frozen') return [{ kind: 'turned-away', session, code: 'DRAINING', detail: this.name }];
    const seat = this.#claimedSeat(entry);
    if (seat !== undefined && !this.#handover.ends(seat)) return this.#resume(seat, entry);
    // Whoever holds the secret of a seat that the server has ended has stopped, or it would not ask for another.
    const ended = seat === undefined ? [] : this.#releaseHandover(seat, at);
    return [...ended, ...this.#admitOrWait(newcomer, at)];
  }

  #admitOrWait(newcomer: Newcomer, at: number): Effect[] {
    if (this.roster.size < this.#rules.membersMax) return this.#admit(newcomer, at);
    const { session } = newcomer;
    if (this.#waitlist.size >= this.#rules.waitlistMax) {
      const detail = `group ${this.name} holds ${this.#rules.membersMax}`;
      return [{ kind: 'turned-away', session, code: 'FULL', detail }];
    }
    this.#waitlist.add(newcomer);
    return [{ kind: 'waiting', session }];
  }

  #admit(newcomer: Newcomer, at: number): Effect[] {
    const { session } = newcomer;
    const member = this.roster.add(newcomer, at);
    const rank = this.roster.size - 1;
    const changed = this.#order.changed({ kind: 'joined', member, rank, reason: undefined }, at, noRanks, 0);
    return [changed, { kind: 'welcomed', member, session, rank, resumed: false }];
  }

  #admitWaiting(at: number): Effect[] {
    const effects: Effect[] = [];
    while (this.roster.size < this.#rules.membersMax) {
      const next = this.#waitlist.next();
      if (next === undefined) break;
      effects.push(...this.#admit(next, at), { kind: 'waiting', session: next.session });
    }
    return effects;
  }

  /** Applied before: it waits, or has resumed and may have made the secret invalid by which it did. */
  #hasPlace({ newcomer: { session }, resume }: JoinedEntry): boolean {
    const claimed = resume && this.roster.member(resume.member);
    return this.#waitlist.has(session) || (claimed !== undefined && sessionOf(claimed) === session);
  }

  #claimedSeat({ resume }: JoinedEntry): Member | undefined {
    if (resume === undefined) return undefined;
    const member = this.roster.member(resume.member);
    if (member === undefined || member.presence.kind === 'gone') return undefined;
    const { current, earlier } = member.secrets;
    return resume.secretHash === current || resume.secretHash === earlier ? member : undefined;
  }

  #resume(member: Member, { newcomer, resume, at }: JoinedEntry): Effect[] {
    const { session, address, secretHash } = newcomer;
    const earlierSession = sessionOf(member);
    // The secret that it showed is the one that it certainly has, however many welcomes were lost.
    member.secrets = { current: secretHash, earlier: resume?.secretHash };
    member.address = address;
    this.roster.setPresence(member, { kind: 'present', session });
    const rank = this.roster.rankOf(member);
    const welcomed: Effect = { kind: 'welcomed', member, session, rank, resumed: true };
    const asked = this.#handover.leader === member ? [this.#askToStop(member, at)] : [];
    if (earlierSession !== undefined) return [{ kind: 'replaced', session: earlierSession }, welcomed, ...asked];
    const changed = this.#order.changed({ kind: 'resumed', member, rank, reason: undefined }, at, noRanks, 0);
    return [changed, welcomed, ...asked];
  }

  #confirm(id: string, session: SessionId): Effect[] {
    const member = this.roster.member(id);
    if (member !== undefined && sessionOf(member) === session) {
      member.secrets = { current: member.secrets.current, earlier: undefined };
    }
    return [];
  }

  /** R-VIEW-4, R-VIEW-5 */
  #depart(entry: DepartedEntry): Effect[] {
    const member = this.roster.member(entry.member);
    if (member === undefined || sessionOf(member) !== entry.session) return [];
    const { reason, at } = entry;
    if (this.#motion === 'frozen') return this.#goneFrozen(member, reason, at);
    switch (entry.how) {
      case 'goodbye':
        return this.#leave(member, reason, at);
      case 'lost':
        return this.#graceMs(member, 'lost') > 0 ? this.#goAway(member, reason, at) : this.#leave(member, reason, at);
      case 'ended':
        return this.#decide({ kind: 'end', member, reason }, at);
      default:
        return assertNever(entry.how);
    }
  }

  /** The order stands still: it keeps its place, and is asked for nothing more. */
  #goneFrozen(member: Member, reason: string, at: number): Effect[] {
    const session = sessionOf(member);
    this.roster.setPresence(member, { kind: 'gone' });
    const rank = this.roster.rankOf(member);
    const departed: Effect = { kind: 'departed', member, session, rank, reason, promoted: 0 };
    return [departed, ...this.#commanding.settle(member, at), ...this.#releaseHandover(member, at)];
  }

  /** R-VIEW-1, R-CMD-6: the gap closes, and whatever waited for the member waits no longer. */
  #leave(member: Member, reason: string, at: number): Effect[] {
    const session = sessionOf(member);
    const rank = this.roster.remove(member);
    const { size } = this.roster;
    const shifted = { from: rank, to: Number.POSITIVE_INFINITY };
    return [
      { kind: 'departed', member, session, rank, reason, promoted: size - rank },
      this.#order.changed({ kind: 'left', member, rank, reason }, at, shifted, size - rank),
      ...this.#commanding.settle(member, at),
      ...this.#admitWaiting(at),
      ...this.#releaseHandover(member, at),
      ...(rank === 0 ? this.#renewGrace(this.roster.leader, at) : []),
    ];
  }

  #goAway(member: Member, reason: string, at: number): Effect[] {
    this.roster.setPresence(member, { kind: 'away', since: at, because: 'lost' });
    return [
      this.#order.changed({ kind: 'away', member, rank: this.roster.rankOf(member), reason }, at, noRanks, 0),
      ...this.#renewGrace(member, at),
      ...this.#releaseHandover(member, at),
    ];
  }

  #graceMs(member: Member, because: 'lost' | 'restart'): number {
    const { graceMs, graceLeaderMs, reformMs, suspendMs } = this.#rules;
    const leads = this.roster.leader === member;
    if (because === 'restart') return leads ? Math.max(reformMs, suspendMs) : reformMs;
    return leads ? graceLeaderMs : graceMs;
  }

  /** How long an away member may stay away is another once it leads, or leads no more; counted from when it went away. */
  #renewGrace(member: Member | undefined, at: number): Effect[] {
    if (member?.presence.kind !== 'away') return [];
    const { since, because } = member.presence;
    const graceMs = Math.max(0, since + this.#graceMs(member, because) - at);
    return [{ kind: 'grace', epoch: this.epoch, member, graceMs }];
  }

  #endGrace(entry: GraceEndedEntry): Effect[] {
    const member = this.roster.member(entry.member);
    if (entry.epoch !== this.epoch || member?.presence.kind !== 'away' || this.#motion === 'frozen') return [];
    const { since, because } = member.presence;
    if (entry.at - since < this.#graceMs(member, because)) return this.#renewGrace(member, entry.at);
    return this.#leave(member, 'GRACE_ENDED', entry.at);
  }

  /** R-VIEW-6: all of them away, in the order that they had. */
  #restore(entry: RestoredEntry): Effect[] {
    const effects: Effect[] = [];
    for (const seat of entry.seats) {
      if (this.roster.member(seat.id) !== undefined) continue;
      const member = this.roster.restore(seat, entry.at);
      const cause = { kind: 'away', member, rank: this.roster.size - 1, reason: 'RESTARTED' } as const;
      effects.push(this.#order.changed(cause, entry.at, noRanks, 0), ...this.#renewGrace(member, entry.at));
    }
    return effects;
  }

  /** R-BYE-2: the order stands still. Whom the server has ended is asked for nothing more; an administrator is told. */
  #decline(decision: Decision, at: number): Effect[] {
    if (decision.kind !== 'end') {
      const { by, id } = decision.entry;
      return [{ kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'rejected', code: 'DRAINING' } }];
    }
    const { member, reason } = decision;
    return member.presence.kind === 'gone' ? [] : this.#goneFrozen(member, reason, at);
  }

  /** R-LEAD-1: what concerns a leader that may still act on its rank waits until it has stopped. */
  #decide(decision: Decision, at: number, stopped?: Member): Effect[] {
    if (this.#motion === 'frozen') return this.#decline(decision, at);
    const { leader } = this.roster;
    const waits =
      leader !== undefined && leader !== stopped && this.#concernsLeader(decision) && !this.#hasStopped(leader, at);
    if (!waits) return this.#carryOut(decision, at);
    return this.#handover.hold(decision, leader) ? [this.#askToStop(leader, at)] : [];
  }

  #concernsLeader(decision: Decision): boolean {
    const { leader } = this.roster;
    switch (decision.kind) {
      case 'end':
        return decision.member === leader;
      case 'remove':
        return decision.entry.member === leader?.id;
      case 'move': {
        const { member, rank } = decision.entry;
        return (
          (member === leader?.id) !== (rank === 0) &&
          rank < this.roster.size &&
          this.roster.member(member) !== undefined
        );
      }
      default:
        return assertNever(decision);
    }
  }

  /** Has this leader certainly stopped acting on its rank? After a restart nobody knows when it was last heard. */
  #hasStopped({ presence }: Member, at: number): boolean {
    switch (presence.kind) {
      case 'present':
        return false;
      case 'gone':
        return true;
      case 'away':
        return presence.because === 'lost' || at - presence.since >= this.#rules.suspendMs;
      default:
        return assertNever(presence);
    }
  }

  #askToStop(leader: Member, at: number): Effect {
    const { presence } = leader;
    const { suspendMs } = this.#rules;
    const waitMs = presence.kind === 'away' ? Math.max(0, presence.since + suspendMs - at) : suspendMs;
    const ask = this.#handover.nextAsk();
    return { kind: 'ask-to-stop', epoch: this.epoch, member: leader, ask, session: sessionOf(leader), waitMs };
  }

  #stopped(entry: StoppedEntry): Effect[] {
    const { leader, lastAsk } = this.#handover;
    if (entry.epoch !== this.epoch || leader?.id !== entry.member || entry.ask !== lastAsk) return [];
    return this.#releaseHandover(leader, entry.at);
  }

  /** `leader` has stopped: what waited for it is decided now, and may have to wait for its successor. */
  #releaseHandover(leader: Member, at: number): Effect[] {
    if (this.#handover.leader !== leader) return [];
    const asked = sessionOf(leader);
    const released: Effect[] = asked === undefined ? [] : [{ kind: 'released', session: asked }];
    const decided = this.#handover.release().flatMap(decision => this.#decide(decision, at, leader));
    const effects = [...released, ...decided];
    const session = sessionOf(leader);
    const stillLeads = this.roster.leader === leader && this.#handover.leader !== leader;
    return stillLeads && session !== undefined ? [...effects, { kind: 'reassure', member: leader, session }] : effects;
  }

  #carryOut(decision: Decision, at: number): Effect[] {
    switch (decision.kind) {
      case 'end':
        return decision.member.presence.kind === 'gone' ? [] : this.#leave(decision.member, decision.reason, at);
      case 'remove':
        return this.#remove(decision.entry, at);
      case 'move':
        return this.#move(decision.entry, at);
      default:
        return assertNever(decision);
    }
  }

  #remove({ member: id, by, id: askId, reason }: RemovedEntry, at: number): Effect[] {
    const member = this.roster.member(id);
    if (member === undefined) return [this.#noSuchTarget(by.session, askId)];
    const session = sessionOf(member);
    const effects = this.#leave(member, 'REMOVED', at);
    const ended: Effect[] = session === undefined ? [] : [{ kind: 'removed', session, reason }];
    return [...effects, ...ended, this.#done(by.session, askId)];
  }

  #move({ member: id, rank, by, id: askId }: MovedEntry, at: number): Effect[] {
    const member = this.roster.member(id);
    if (member === undefined || rank >= this.roster.size) return [this.#noSuchTarget(by.session, askId)];
    const from = this.roster.rankOf(member);
    if (from === rank) return [this.#done(by.session, askId)];
    const leaderBefore = this.roster.leader;
    this.roster.move(member, rank);
    const shifted = { from: Math.min(from, rank), to: Math.max(from, rank) + 1 };
    const promoted = rank < from ? 1 : rank - from;
    return [
      this.#order.changed({ kind: 'moved', member, rank, reason: undefined }, at, shifted, promoted),
      this.#done(by.session, askId),
      ...(shifted.from === 0
        ? [...this.#renewGrace(leaderBefore, at), ...this.#renewGrace(this.roster.leader, at)]
        : []),
    ];
  }

  #done(to: SessionId, id: string): AdminReceiptEffect {
    return { kind: 'admin-receipt', to, id, verdict: { kind: 'accepted', seq: this.seq, view: this.view } };
  }

  #noSuchTarget(to: SessionId, id: string): AdminReceiptEffect {
    return { kind: 'admin-receipt', to, id, verdict: { kind: 'rejected', code: 'NO_SUCH_TARGET' } };
  }
}
