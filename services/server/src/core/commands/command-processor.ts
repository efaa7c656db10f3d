import { isWithinRateLimit } from './rate-limit.js';
import { assertNever } from '../assert-never.js';
import { judge, type Judgement } from './authority.js';
import { OpenCommands } from './open-commands.js';
import type { SnapshotRefs } from './snapshot-refs.js';
import type { Effect, ReceiptEffect, RejectionCode, Verdict } from '../effects.js';
import type { CommandEntry, ExpiredEntry, ResultEntry } from '../entries.js';
import {
  newCommander,
  sessionOf,
  type Commander,
  type CommandSender,
  type Member,
  type SessionId,
} from '../roster/member.js';
import type { VersionedRoster } from '../roster/versioned-roster.js';
import type { GroupLimits } from '../group-limits.js';
import type { CommandProcessorSnapshot } from '../snapshot.js';

/** What a command is judged by: who sent it, from which rank and which session. */
interface Sending {
  readonly commander: Commander;
  readonly sender: CommandSender;
  readonly session: SessionId;
}

/** The commands of a group: judged once at their place in the order, then followed to their end. */
export class CommandProcessor {
  readonly #order: VersionedRoster;
  readonly #rules: GroupLimits;
  readonly #table: OpenCommands;
  readonly #admins = new Map<SessionId, Commander>();

  constructor(order: VersionedRoster, rules: GroupLimits) {
    this.#order = order;
    this.#rules = rules;
    this.#table = new OpenCommands(rules.missingMax);
  }

  /** How many commands wait for recipients. */
  get openCount(): number {
    return this.#table.size;
  }

  /** Is a command open that one of these sessions sent, or that waits for one of them? */
  concerns(isOne: (session: SessionId) => boolean): boolean {
    return this.#table.concerns(isOne);
  }

  /** R-CMD-1 to R-CMD-3 */
  command(entry: CommandEntry, isFrozen: boolean): Effect[] {
    const sending = this.#sendingOf(entry);
    if (sending === undefined || entry.n <= sending.commander.lastCommand) return [];
    sending.commander.lastCommand = entry.n;
    const unfit = isFrozen ? 'DRAINING' : this.#unfit(sending.commander, entry);
    if (unfit !== undefined) return [receipt(entry, sending, { kind: 'rejected', code: unfit })];
    const judgement = judge(this.#order.roster, sending.sender.rank, entry.target, this.#rules.refusedMax);
    if (judgement.recipients > 0) return this.#accept(entry, sending, judgement);
    return [receipt(entry, sending, { kind: 'rejected', code: nobodyCode(entry, judgement) }, judgement)];
  }

  /** R-CMD-5 */
  result(entry: ResultEntry): Effect[] {
    const member = this.#order.roster.member(entry.member);
    if (member === undefined || sessionOf(member) !== entry.session || entry.epoch !== this.#order.epoch) return [];
    const effects = this.#table.answer(member, entry);
    if (effects !== undefined) return effects;
    const isLate = entry.seq <= this.#order.seq && !this.#table.has(entry.seq);
    const code = isLate ? 'LATE_RESULT' : 'UNEXPECTED_RESULT';
    return [{ kind: 'result-refused', to: entry.session, seq: entry.seq, code }];
  }

  expire(entry: ExpiredEntry): Effect[] {
    return entry.epoch === this.#order.epoch ? this.#table.expire(entry.seq, entry.at) : [];
  }

  /** A member has left: nothing waits for it any more. */
  settle(gone: Member, at: number): Effect[] {
    return this.#table.settle(gone, at);
  }

  /** An administrator's session is over; its commands go on, and nobody hears of them. */
  adminGone(session: SessionId): void {
    const admin = this.#admins.get(session);
    if (admin !== undefined) admin.presence = { kind: 'gone' };
    this.#admins.delete(session);
  }

  /** The same of all sessions of which `isGone` holds. */
  adminsGone(isGone: (session: SessionId) => boolean): void {
    for (const session of [...this.#admins.keys()].filter(isGone)) this.adminGone(session);
  }

  /** The deadlines of the open commands, for the time that is left of each. */
  pending(at: number): Effect[] {
    return this.#table.pending(this.#order.epoch, at);
  }

  snapshot(register: SnapshotRefs): CommandProcessorSnapshot {
    const admins = [...this.#admins].map(([session, admin]) => ({ session, commander: register.numberOf(admin) }));
    return { admins, open: this.#table.snapshot(register) };
  }

  /** Of a group in which nobody has commanded. */
  load({ admins, open }: CommandProcessorSnapshot, register: SnapshotRefs): void {
    for (const { session, commander } of admins) this.#admins.set(session, register.commander(commander));
    this.#table.load(open, register);
  }

  #sendingOf({ from }: CommandEntry): Sending | undefined {
    const { session } = from;
    if (from.kind === 'admin') {
      const { id, name } = from;
      const commander = this.#admins.get(session) ?? newCommander(id, name, { kind: 'present', session });
      this.#admins.set(session, commander);
      return { commander, session, sender: senderOf(commander, -1) };
    }
    const member = this.#order.roster.member(from.member);
    if (member === undefined || sessionOf(member) !== session) return undefined;
    return { commander: member, session, sender: senderOf(member, this.#order.roster.rankOf(member)) };
  }

  /** Why a command cannot be accepted whoever it is aimed at. */
  #unfit(commander: Commander, entry: CommandEntry): RejectionCode | undefined {
    const { commandsOpenMax, commandsPerSecond, membersMax } = this.#rules;
    if (this.#table.hasId(commander, entry.id)) return 'DUPLICATE_ID';
    if (!isWithinRateLimit(commander, commandsPerSecond, entry.at)) return 'RATE_LIMITED';
    if (entry.reply === 'none') return undefined;
    // The second bound holds what members leave open behind them when they go.
    const tooMany =
      this.#table.openOf(commander) >= commandsOpenMax || this.#table.size >= commandsOpenMax * membersMax;
    return tooMany ? 'TOO_MANY_OPEN' : undefined;
  }

  #accept(entry: CommandEntry, sending: Sending, judgement: Judgement): Effect[] {
    const { recipients, ranges } = judgement;
    const seq = this.#order.takeSeq();
    const { view, epoch, roster } = this.#order;
    const { id, name, payload, reply } = entry;
    const { commander, sender, session } = sending;
    const deadlineMs = Math.min(entry.deadlineMs, this.#rules.deadlineMsMax);
    const resultWanted = reply !== 'none';
    const effects: Effect[] = [
      receipt(entry, sending, { kind: 'accepted', seq, view, recipients, deadlineMs }, judgement),
      { kind: 'deliver', seq, view, sender, by: session, name, payload, deadlineMs, resultWanted, ranges },
    ];
    if (reply === 'none') return effects;
    const acceptedAt = entry.at;
    this.#table.open({ seq, id, name, commander, sender, session, reply, acceptedAt, deadlineMs }, ranges, roster);
    effects.push({ kind: 'deadline', epoch, seq, deadlineMs });
    return effects;
  }
}

function senderOf(commander: Commander, rank: number): CommandSender {
  if (commander.sender?.rank !== rank) commander.sender = { id: commander.id, name: commander.name, rank };
  return commander.sender;
}

function receipt(
  entry: CommandEntry,
  { sender, session }: Sending,
  verdict: Verdict,
  judgement?: Judgement,
): ReceiptEffect {
  const refused = judgement?.refused ?? [];
  const refusedCount = judgement === undefined ? 0 : judgement.outrankedCount + judgement.awayCount;
  return { kind: 'receipt', to: session, sender, id: entry.id, name: entry.name, verdict, refused, refusedCount };
}

/** R-CMD-3: why nobody may execute it. */
function nobodyCode({ target }: CommandEntry, { outrankedCount, awayCount }: Judgement): RejectionCode {
  if (outrankedCount > 0) return 'OUTRANKED';
  if (awayCount > 0) return 'AWAY';
  switch (target.kind) {
    case 'below':
    case 'all':
    case 'tags':
      return 'NO_RECIPIENTS';
    case 'ranks':
    case 'members':
    case 'names':
      return 'NO_SUCH_TARGET';
    default:
      return assertNever(target);
  }
}
