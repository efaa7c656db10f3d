import { rosterAfter } from '@rankd/testkit';
import type {
  DepartedEntry,
  Entry,
  GraceEndedEntry,
  GroupEntry,
  JoinedEntry,
  MovedEntry,
  Newcomer,
  RemovedEntry,
  ResignedEntry,
  RestoredEntry,
  ServerGoneEntry,
  GroupLimits,
  StoppedEntry,
} from '../../../../src/core/index.js';
import { ReferenceCommands, type ReferenceOrder } from './reference-commands.js';
import type { PlainEffect, PlainEffectOf } from './plain-effect.js';

/**
 * The rules of protocol.md a second time, as simply as possible: arrays that are searched from end to end, no counters,
 * and nothing is deleted. It shares no code with core/, only the types of entries and effects. It is slow on purpose.
 * `gracesMs` returns the expected `grace` effects separately.
 */

interface ReferenceMember {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly slot: number;
  /** Undefined while the member is away, and after it departed from a frozen order. */
  session: string | undefined;
  away: Away | undefined;
  secret: string;
  earlierSecret: string | undefined;
  isContested: boolean;
}

interface Away {
  readonly absence: number;
  readonly because: 'lost' | 'restart' | 'server' | 'contest';
  /** R-LEAD-1: after this time of the absence, the member has certainly stopped. */
  readonly mayActMs: number;
}

/** A decision of the server about a member. */
type ReferenceDecision =
  { readonly entry: MovedEntry | RemovedEntry } | { readonly entry: DepartedEntry; readonly whom: ReferenceMember };

type Cause = PlainEffectOf<'roster-changed'>['cause'];

export class ReferenceGroup implements ReferenceOrder {
  members: readonly ReferenceMember[] = [];
  waiting: Newcomer[] = [];
  /** Every change so far. */
  changes: PlainEffectOf<'roster-changed'>[] = [];
  isFrozen = false;
  seq = 0;
  readonly commands: ReferenceCommands;
  /** R-LEAD-1: the decisions that wait, and the session that was asked to stop. */
  private held: ReferenceDecision[] = [];
  private asked: ReferenceMember | undefined;
  private asks = 0;
  private absences = 0;

  constructor(
    readonly name: string,
    readonly epoch: number,
    readonly rules: GroupLimits,
  ) {
    this.commands = new ReferenceCommands(this, rules);
  }

  get view(): number {
    return this.changes.length;
  }

  apply(entry: GroupEntry): PlainEffect[] {
    switch (entry.kind) {
      case 'joined':
        return this.join(entry);
      case 'confirmed':
        for (const member of this.members)
          if (member.session === entry.session) [member.earlierSecret, member.isContested] = [undefined, false];
        return [];
      case 'waiting-left':
        return this.stopWaiting(entry.session);
      case 'departed':
        return this.depart(entry);
      case 'grace-ended':
        return this.endGrace(entry);
      case 'stopped':
        return this.stopped(entry);
      case 'resigned':
        return this.resign(entry);
      case 'moved':
      case 'removed':
        return this.decide({ entry }, entry.at);
      case 'command':
        return this.commands.command(entry, this.isFrozen);
      case 'admin-gone':
        this.commands.adminGone(entry.session);
        return [];
      case 'result':
        return this.commands.result(entry);
      case 'expired':
        return this.commands.expire(entry);
      case 'restored':
        return this.restore(entry);
      case 'server-gone':
        return this.isFrozen ? [] : this.loseServer(entry);
    }
  }

  /** R-VIEW-4, R-VIEW-6: each away member's grace period in ms. */
  gracesMs(): Map<string, number> {
    const all = this.members.flatMap((member, rank) =>
      member.away === undefined ? [] : [[member.id, this.lastsMs(member.away, rank)] as const],
    );
    return new Map(all);
  }

  private lastsMs({ because, mayActMs }: Pick<Away, 'because' | 'mayActMs'>, rank: number): number {
    const { graceMs, graceLeaderMs, reformMs, graceServerMs } = this.rules;
    const others = { lost: graceMs, restart: reformMs, server: graceServerMs, contest: graceServerMs }[because];
    if (rank > 0) return others;
    const leaders = { lost: graceLeaderMs, contest: Math.max(graceLeaderMs, others) };
    return Math.max(mayActMs, ({ ...leaders, restart: others, server: others } as const)[because]);
  }

  /** R-LEAD-1: only with a grace period for leaders does a lost connection not prove that the client has stopped. */
  private lossOf({ mayActMs = this.rules.suspendMs }: DepartedEntry): Pick<Away, 'because' | 'mayActMs'> {
    return { because: 'lost', mayActMs: this.rules.graceLeaderMs > 0 ? mayActMs : 0 };
  }

  private awayFor(because: Away['because'], mayActMs = this.rules.suspendMs): Away {
    this.absences += 1;
    return { absence: this.absences, because, mayActMs };
  }

  private rankOf(id: string): number {
    return this.members.findIndex(member => member.id === id);
  }

  /** R-JOIN-2, R-JOIN-4, R-JOIN-6 */
  private join(entry: JoinedEntry): PlainEffect[] {
    const { newcomer, resume, at } = entry;
    const { id, session } = newcomer;
    if (this.members.some(member => member.id === id)) return [];
    if (this.members.some(member => member.id === resume?.member && member.session === session)) return [];
    if (this.waiting.some(each => each.session === session)) return [];
    if (this.isFrozen) return [{ kind: 'turned-away', session, code: 'DRAINING', detail: this.name }];
    const seat = this.members.find(member => member.id === resume?.member);
    const isRight = seat?.secret === resume?.secretHash || seat?.earlierSecret === resume?.secretHash;
    if (seat === undefined || !isRight) return this.admitOrWait(newcomer, at);
    if (this.held.some(decision => 'whom' in decision && decision.whom === seat)) {
      const isNewest = seat.secret === resume?.secretHash;
      return [...(isNewest ? this.hasStopped(seat, at) : []), ...this.admitOrWait(newcomer, at)];
    }
    return this.resume(seat, entry);
  }

  private resume(seat: ReferenceMember, { newcomer, resume, at }: JoinedEntry): PlainEffect[] {
    const before = seat.session;
    const [member, rank] = [seat.id, this.rankOf(seat.id)];
    seat.session = newcomer.session;
    seat.away = undefined;
    seat.isContested = before !== undefined && resume?.secretHash === seat.earlierSecret;
    seat.earlierSecret = resume?.secretHash;
    seat.secret = newcomer.secretHash;
    const first: PlainEffect =
      before === undefined
        ? this.changed({ kind: 'resumed', member, rank, reason: undefined }, at, [0, 0], 0)
        : { kind: 'replaced', session: before };
    const welcomed: PlainEffect = { kind: 'welcomed', member, session: newcomer.session, rank, resumed: true };
    return [first, welcomed, ...this.askAgain(seat)];
  }

  private admitOrWait(newcomer: Newcomer, at: number): PlainEffect[] {
    const { session } = newcomer;
    if (this.members.length < this.rules.membersMax) return this.admit(newcomer, at);
    if (this.waiting.length < this.rules.waitlistMax) {
      this.waiting = [...this.waiting, newcomer];
      return [{ kind: 'waiting', session }];
    }
    const detail = `group ${this.name} has ${this.rules.membersMax} of ${this.rules.membersMax} members`;
    return [{ kind: 'turned-away', session, code: 'FULL', detail }];
  }

  private admit({ id, session, name, tags, secretHash }: Newcomer, at: number): PlainEffect[] {
    let slot = 0;
    while (this.members.some(member => member.slot === slot)) slot += 1;
    const secrets = { secret: secretHash, earlierSecret: undefined, isContested: false };
    const rank = this.members.length;
    const member = { id, name, tags, slot, session, away: undefined, ...secrets };
    this.members = rosterAfter(this.members, { kind: 'joined', member, rank });
    const cause = { kind: 'joined', member: id, rank, reason: undefined } as const;
    return [this.changed(cause, at, [0, 0], 0), { kind: 'welcomed', member: id, session, rank, resumed: false }];
  }

  private stopWaiting(session: string): PlainEffect[] {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter(each => each.session !== session);
    return this.waiting.length < before ? [{ kind: 'waiting', session }] : [];
  }

  /** R-VIEW-4, R-VIEW-5 */
  private depart(entry: DepartedEntry): PlainEffect[] {
    const { how, reason, at } = entry;
    const member = this.members.find(({ id, session }) => id === entry.member && session === entry.session);
    if (member === undefined) return [];
    if (this.isFrozen) return this.goFrozen(member, reason, at);
    if (how === 'ended') return this.decide({ entry, whom: member }, at);
    const rank = this.rankOf(member.id);
    if (how === 'lost' && rank === 0 && member.isContested) return this.doubt(member, at);
    const loss = this.lossOf(entry);
    if (how !== 'lost' || this.lastsMs(loss, rank) === 0) return this.leave(member, reason, at);
    [member.session, member.away] = [undefined, this.awayFor('lost', loss.mayActMs)];
    const cause = { kind: 'away', member: member.id, rank, reason } as const;
    const changed = this.changed(cause, at, [0, 0], 0);
    return [changed, ...(loss.mayActMs === 0 ? this.hasStopped(member, at) : this.askAgain(member))];
  }

  /** R-LEAD-1: the previous session of this seat may still lead. */
  private doubt(member: ReferenceMember, at: number): PlainEffect[] {
    [member.session, member.away] = [undefined, this.awayFor('contest')];
    const cause = { kind: 'away', member: member.id, rank: 0, reason: 'REPLACED' } as const;
    return [this.changed(cause, at, [0, 0], 0), ...this.askAgain(member)];
  }

  /** R-BYE-2: a frozen order keeps the gap. */
  private goFrozen(member: ReferenceMember, reason: string, at: number): PlainEffect[] {
    const { id, session } = member;
    [member.session, member.away] = [undefined, undefined];
    const departed = { kind: 'departed', member: id, session, rank: this.rankOf(id), reason, promoted: 0 } as const;
    return [departed, ...this.commands.left(id), ...this.hasStopped(member, at)];
  }

  /** R-VIEW-1, R-JOIN-4, R-CMD-6 */
  private leave(member: ReferenceMember, reason: string, at: number): PlainEffect[] {
    const { id, session } = member;
    const rank = this.rankOf(id);
    this.members = rosterAfter(this.members, { kind: 'left', member, rank });
    member.session = undefined;
    const promoted = this.members.length - rank;
    const cause = { kind: 'left', member: id, rank, reason } as const;
    const effects: PlainEffect[] = [
      { kind: 'departed', member: id, session, rank, reason, promoted },
      this.changed(cause, at, [rank, rank + promoted], promoted),
      ...this.commands.left(id),
    ];
    for (const next of this.waiting.slice(0, Math.max(0, this.rules.membersMax - this.members.length))) {
      this.waiting = this.waiting.filter(each => each !== next);
      effects.push(...this.admit(next, at), { kind: 'waiting', session: next.session });
    }
    return [...effects, ...this.hasStopped(member, at)];
  }

  private endGrace({ epoch, member: id, at, absence, ms = 0 }: GraceEndedEntry): PlainEffect[] {
    const member = this.members.find(each => each.id === id);
    if (this.isFrozen || epoch !== this.epoch || member?.away === undefined) return [];
    if (member.away.absence !== absence || ms < (this.gracesMs().get(id) ?? 0)) return [];
    const decided = this.hasStopped(member, at);
    return ms >= (this.gracesMs().get(id) ?? Infinity)
      ? [...decided, ...this.leave(member, 'GRACE_ENDED', at)]
      : decided;
  }

  private restore({ seats, at }: RestoredEntry): PlainEffect[] {
    const effects: PlainEffect[] = [];
    for (const { id, name, tags, slot, secretHash } of seats) {
      if (this.members.some(member => member.id === id)) continue;
      const away = this.awayFor('restart');
      const secrets = { secret: secretHash, earlierSecret: undefined, isContested: false };
      const rank = this.members.length;
      const member = { id, name, tags, slot, session: undefined, away, ...secrets };
      this.members = rosterAfter(this.members, { kind: 'away', member, rank });
      const cause = { kind: 'away', member: id, rank, reason: 'RESTARTED' } as const;
      effects.push(this.changed(cause, at, [0, 0], 0));
    }
    return effects;
  }

  private loseServer({ server, reason, at }: ServerGoneEntry): PlainEffect[] {
    const isLost = (session = ''): boolean => session.split('/')[0] === server;
    const gone = this.waiting.filter(({ session }) => isLost(session));
    const effects = gone.flatMap(({ session }) => this.stopWaiting(session));
    this.commands.adminsGone(isLost);
    for (const member of this.members) {
      if (!isLost(member.session)) continue;
      member.session = undefined;
      member.away = this.awayFor('server');
      const cause = { kind: 'away', member: member.id, rank: this.rankOf(member.id), reason } as const;
      effects.push(this.changed(cause, at, [0, 0], 0), ...this.askAgain(member));
    }
    return effects;
  }

  /** R-LEAD-1: a decision that gives rank 0 to another member waits until the leader has stopped. */
  private decide(decision: ReferenceDecision, at: number, stopped?: ReferenceMember): PlainEffect[] {
    if (this.isFrozen) return this.decline(decision, at);
    const leader = this.members[0];
    const waits = leader !== undefined && leader !== stopped && this.leaderAfter(decision) !== leader;
    if (!waits || leader.away?.mayActMs === 0) return this.carryOut(decision, at);
    this.held = [...this.held, decision];
    if (this.asked === leader) return [];
    this.asked = leader;
    return [this.ask(leader)];
  }

  private leaderAfter(decision: ReferenceDecision): ReferenceMember | undefined {
    const { entry } = decision;
    const whom = this.members.find(({ id }) => id === entry.member);
    if (whom === undefined || (entry.kind === 'moved' && entry.rank >= this.members.length)) return this.members[0];
    const change =
      entry.kind === 'moved' ? ({ kind: 'moved', rank: entry.rank } as const) : ({ kind: 'left', rank: 0 } as const);
    return rosterAfter(this.members, { ...change, member: whom })[0];
  }

  private askAgain(member: ReferenceMember): PlainEffect[] {
    return this.asked === member ? [this.ask(member)] : [];
  }

  private ask(leader: ReferenceMember): PlainEffect {
    this.asks += 1;
    const waitMs = leader.away?.mayActMs ?? this.rules.suspendMs;
    const { id: member, session, away } = leader;
    return {
      kind: 'ask-to-stop',
      epoch: this.epoch,
      ...{ member, ask: this.asks, session, absence: away?.absence, waitMs },
    };
  }

  private stopped({ epoch, member, ask, at, evidence }: StoppedEntry): PlainEffect[] {
    if (evidence === 'closed' && (this.rules.graceLeaderMs > 0 || this.asked?.isContested === true)) return [];
    const isMeant = epoch === this.epoch && this.asked?.id === member && ask === this.asks;
    return isMeant && this.asked ? this.hasStopped(this.asked, at) : [];
  }

  /** R-LEAD-1, R-LEAD-2 */
  private hasStopped(leader: ReferenceMember, at: number): PlainEffect[] {
    if (this.asked !== leader) return [];
    const effects: PlainEffect[] = leader.session === undefined ? [] : [{ kind: 'released', session: leader.session }];
    const { held } = this;
    [this.held, this.asked] = [[], undefined];
    effects.push(...held.flatMap(decision => this.decide(decision, at, leader)));
    const { id: member, session } = leader;
    return this.leadsUnasked(leader) && session !== undefined
      ? [...effects, { kind: 'reassure', member, session }]
      : effects;
  }

  /** R-RESIGN-1: the member goes behind the last present member. It gets an answer even if its rank stays the same. */
  private resign({ member: id, session, at }: ResignedEntry): PlainEffect[] {
    const member = this.members.find(each => each.id === id && each.session === session);
    if (member === undefined || this.isFrozen) return [];
    const decided = this.hasStopped(member, at).filter(({ kind }) => kind !== 'reassure');
    if (member.session !== session) return decided;
    const others = this.members.filter(each => each !== member && each.session !== undefined);
    const behind = Math.max(this.rankOf(id), ...others.map(each => this.rankOf(each.id)));
    const changed = this.move(member, behind, at, 'RESIGNED');
    const cause = { kind: 'moved', member: id, rank: behind, reason: 'RESIGNED' } as const;
    return [...decided, ...changed, { kind: 'resignation', session, cause }];
  }

  private leadsUnasked(member: ReferenceMember): boolean {
    return this.members[0] === member && this.asked !== member;
  }

  private carryOut(decision: ReferenceDecision, at: number): PlainEffect[] {
    const { entry } = decision;
    const member = this.members.find(({ id }) => id === entry.member);
    if ('whom' in decision) return member === undefined ? [] : this.leave(member, decision.entry.reason, at);
    const { by, id } = decision.entry;
    const tooFar = entry.kind === 'moved' && entry.rank >= this.members.length;
    if (member === undefined || tooFar) {
      return [{ kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'rejected', code: 'NO_SUCH_TARGET' } }];
    }
    const { session } = member;
    const effects = entry.kind === 'moved' ? this.move(member, entry.rank, at) : this.leave(member, 'REMOVED', at);
    if (entry.kind === 'removed' && session !== undefined) {
      effects.push({ kind: 'removed', session, reason: entry.reason });
    }
    const verdict = { kind: 'accepted', seq: this.seq, view: this.view } as const;
    return [...effects, { kind: 'admin-receipt', to: by.session, id, verdict }];
  }

  private move(member: ReferenceMember, rank: number, at: number, reason?: 'RESIGNED'): PlainEffect[] {
    const from = this.rankOf(member.id);
    if (from === rank) return [];
    const before = this.members;
    this.members = rosterAfter(before, { kind: 'moved', member, rank });
    const shifted = this.members.map((each, at) => (each === before[at] ? -1 : at)).filter(at => at >= 0);
    const promoted = this.members.filter((each, at) => before.indexOf(each) > at).length;
    const cause = { kind: 'moved', member: member.id, rank, reason } as const;
    return [this.changed(cause, at, [shifted[0] ?? 0, (shifted.at(-1) ?? 0) + 1], promoted)];
  }

  /** R-BYE-2 */
  private decline(decision: ReferenceDecision, at: number): PlainEffect[] {
    if (!('whom' in decision)) {
      const { by, id } = decision.entry;
      return [{ kind: 'admin-receipt', to: by.session, id, verdict: { kind: 'rejected', code: 'DRAINING' } }];
    }
    const { whom, entry } = decision;
    const hasGone = whom.session === undefined && whom.away === undefined;
    return hasGone ? [] : this.goFrozen(whom, entry.reason, at);
  }

  private changed(cause: Cause, at: number, [from, to]: [number, number], promoted: number): PlainEffect {
    this.seq += 1;
    const { epoch, seq, members } = this;
    const numbers = { epoch, view: this.view + 1, seq, at, size: members.length };
    const change = { kind: 'roster-changed', ...numbers, cause, shifted: { from, to }, promoted } as const;
    this.changes = [...this.changes, change];
    return change;
  }
}

/** All groups. `groups` has those with members; `epochs` has every epoch ever issued. */
export class ReferenceModel {
  groups: ReferenceGroup[] = [];
  epochs: number[] = [];
  private isFrozen = false;

  constructor(
    private readonly rules: GroupLimits,
    epochLast: number,
  ) {
    this.epochs.push(epochLast);
  }

  apply(entry: Entry): PlainEffect[] {
    if (entry.kind === 'frozen') {
      this.isFrozen = true;
      for (const group of this.groups) group.isFrozen = true;
      return [];
    }
    if (entry.kind === 'restored' && this.isFrozen) return [];
    const found = this.groups.find(group => group.name === entry.group) ?? this.absent(entry);
    if (found === undefined) return turnedAway(entry, this.isFrozen, this.rules.groupsMax);
    const applied = found.apply(entry);
    // A leader receives all changes of the entry before it has to stop.
    const isAsk = ({ kind }: PlainEffect): boolean => kind === 'ask-to-stop';
    const effects = [...applied.filter(effect => !isAsk(effect)), ...applied.filter(isAsk)];
    this.groups = this.groups.filter(group => group.members.length > 0);
    return effects;
  }

  /** An unknown group: only a newcomer or a restored order creates it, other entries have no effect. */
  private absent(entry: GroupEntry): ReferenceGroup | undefined {
    const begins =
      (entry.kind === 'joined' && !this.isFrozen && this.groups.length < this.rules.groupsMax) ||
      (entry.kind === 'restored' && entry.seats.length > 0);
    if (begins) return this.found(entry);
    if (entry.kind === 'joined') return undefined;
    const nobody = new ReferenceGroup(entry.group, 0, this.rules);
    nobody.isFrozen = this.isFrozen;
    return nobody;
  }

  /** Terms: an epoch is the wall clock, but always larger than any earlier epoch. */
  private found(entry: GroupEntry): ReferenceGroup {
    const epoch = Math.max(entry.at, Math.max(...this.epochs) + 1);
    this.epochs.push(epoch);
    const group = new ReferenceGroup(entry.group, epoch, this.rules);
    this.groups.push(group);
    return group;
  }
}

/** R-JOIN-4 past RANKD_GROUPS_MAX; R-BYE-2. */
function turnedAway(entry: GroupEntry, isFrozen: boolean, groupsMax: number): PlainEffect[] {
  if (entry.kind !== 'joined') return [];
  const { session } = entry.newcomer;
  if (isFrozen) return [{ kind: 'turned-away', session, code: 'DRAINING', detail: entry.group }];
  return [{ kind: 'turned-away', session, code: 'FULL', detail: `the server has ${groupsMax} of ${groupsMax} groups` }];
}
