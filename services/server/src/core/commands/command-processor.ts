/** Processes the commands of a group from acceptance to outcome (R-CMD-1 to R-CMD-8). */

import { assertNever } from '../assert-never.js';
import type { Effect, ReceiptEffect, RejectionCode, Verdict } from '../effects.js';
import type { CommandEntry, ExpiredEntry, ResultEntry } from '../entries.js';
import type { GroupLimits } from '../group-limits.js';
import {
  type Commander,
  type CommandSender,
  type Member,
  newCommander,
  type SessionId,
  sessionOf,
} from '../roster/member.js';
import type { VersionedRoster } from '../roster/versioned-roster.js';
import type { CommandProcessorSnapshot } from '../snapshot.js';
import { judge, type Judgement } from './authority.js';
import { OpenCommands } from './open-commands.js';
import { spendAllowance } from './rate-limit.js';
import type { SnapshotRefs } from './snapshot-refs.js';

/** The sender of a command: its commander, its rank and its session. */
interface Sending {
  readonly commander: Commander;
  readonly sender: CommandSender;
  readonly session: SessionId;
}

/** Decides once who executes a command, then collects the results until the outcome. */
export class CommandProcessor {
  readonly #versioned: VersionedRoster;
  readonly #limits: GroupLimits;
  readonly #openCommands: OpenCommands;
  readonly #admins = new Map<SessionId, Commander>();

  constructor(versioned: VersionedRoster, limits: GroupLimits) {
    this.#versioned = versioned;
    this.#limits = limits;
    this.#openCommands = new OpenCommands(limits.missingMax);
  }

  /** The number of open commands: those without an outcome. */
  get openCount(): number {
    return this.#openCommands.size;
  }

  /** Whether one of these sessions has sent an open command, or must still send a result for one. */
  concerns(isOne: (session: SessionId) => boolean): boolean {
    return this.#openCommands.concerns(isOne);
  }

  /** Returns the session that will receive this recipient's result. Undefined if no session awaits it. */
  resultReceiver(seq: number, recipient: Member): SessionId | undefined {
    return this.#openCommands.resultReceiver(seq, recipient);
  }

  /**
   * Returns the code with which a result of this recipient is refused (R-CMD-5). Undefined if the result is awaited. A refusal is final,
   * because `seq` is not issued again and a recipient is never added.
   */
  resultRefusal(seq: number, recipient: Member): 'LATE_RESULT' | 'UNEXPECTED_RESULT' | undefined {
    if (this.#openCommands.isAwaited(seq, recipient)) return undefined;
    const isClosed = seq <= this.#versioned.seq && !this.#openCommands.has(seq);
    return isClosed ? 'LATE_RESULT' : 'UNEXPECTED_RESULT';
  }

  /**
   * Accepts or rejects a command (R-CMD-1 to R-CMD-3). Returns the effect `receipt`. If the command is accepted, also returns `deliver`,
   * and `deadline` unless `reply` is `none`. Returns nothing if the command was applied before, or if its sender no longer has a session.
   */
  applyCommand(entry: CommandEntry, isFrozen: boolean): Effect[] {
    const sending = this.#sendingOf(entry);
    if (sending === undefined || entry.n <= sending.commander.lastCommand) return [];
    sending.commander.lastCommand = entry.n;
    const unfit = isFrozen ? 'DRAINING' : this.#rejectionFor(sending.commander, entry);
    if (unfit !== undefined) return [receipt(entry, sending, { kind: 'rejected', code: unfit })];
    const judgement = judge(this.#versioned.roster, sending.sender.rank, entry.target, this.#limits.refusedMax);
    if (judgement.recipients > 0) return this.#accept(entry, sending, judgement);
    return [receipt(entry, sending, { kind: 'rejected', code: nobodyCode(entry, judgement) }, judgement)];
  }

  /** Applies a recipient's result. A late or unexpected one is refused with LATE_RESULT or UNEXPECTED_RESULT (R-CMD-5). */
  applyResult(entry: ResultEntry): Effect[] {
    const member = this.#versioned.roster.member(entry.member);
    if (member === undefined || sessionOf(member) !== entry.session || entry.epoch !== this.#versioned.epoch) return [];
    const code = this.resultRefusal(entry.seq, member);
    if (code === undefined) return this.#openCommands.applyResult(member, entry);
    return [{ kind: 'result-refused', to: entry.session, seq: entry.seq, code }];
  }

  /** Applies a passed deadline: recipients without a result end as `expired` (R-CMD-6). */
  applyExpired(entry: ExpiredEntry): Effect[] {
    return entry.epoch === this.#versioned.epoch ? this.#openCommands.expire(entry.seq) : [];
  }

  /** Ends the parts of a departed member in every open command as `left` (R-CMD-6). */
  settleDeparted(gone: Member): Effect[] {
    return this.#openCommands.settleDeparted(gone);
  }

  /** Forgets an administrator whose session has ended. Its commands continue, and their results are dropped (R-CMD-8). */
  forgetAdmin(session: SessionId): void {
    const admin = this.#admins.get(session);
    if (admin !== undefined) admin.presence = { kind: 'gone' };
    this.#admins.delete(session);
  }

  /** Forgets every administrator for whose session `isGone` returns true. */
  forgetAdmins(isGone: (session: SessionId) => boolean): void {
    for (const session of [...this.#admins.keys()].filter(isGone)) this.forgetAdmin(session);
  }

  /** Returns the deadline effects of the open commands, with their whole time. */
  pending(): Effect[] {
    return this.#openCommands.pending(this.#versioned.epoch);
  }

  /** Returns the state as plain values. */
  snapshot(refs: SnapshotRefs): CommandProcessorSnapshot {
    const admins = [...this.#admins].map(([session, admin]) => ({ session, commander: refs.numberOf(admin) }));
    return { admins, open: this.#openCommands.snapshot(refs) };
  }

  /** Loads a snapshot. The processor must be new. */
  load({ admins, open }: CommandProcessorSnapshot, refs: SnapshotRefs): void {
    for (const { session, commander } of admins) this.#admins.set(session, refs.commander(commander));
    this.#openCommands.load(open, refs);
  }

  #sendingOf({ from }: CommandEntry): Sending | undefined {
    const { session } = from;
    if (from.kind === 'admin') {
      const { id, name } = from;
      const commander = this.#admins.get(session) ?? newCommander(id, name, { kind: 'present', session });
      this.#admins.set(session, commander);
      return { commander, session, sender: senderOf(commander, -1) };
    }
    const member = this.#versioned.roster.member(from.member);
    if (member === undefined || sessionOf(member) !== session) return undefined;
    return { commander: member, session, sender: senderOf(member, this.#versioned.roster.rankOf(member)) };
  }

  /** Returns the code for rejecting a command, unless the reason is its target. Returns undefined if there is no such reason. */
  #rejectionFor(commander: Commander, entry: CommandEntry): RejectionCode | undefined {
    const { commandsOpenMax, commandsPerSecond, membersMax, awaitedMax } = this.#limits;
    if (this.#openCommands.hasId(commander, entry.id)) return 'DUPLICATE_ID';
    if (!isWithinRate(commander, commandsPerSecond, entry)) return 'RATE_LIMITED';
    if (entry.reply === 'none') return undefined;
    // The second limit also counts commands of members that have left: otherwise a member could reset its count by joining again.
    const tooMany =
      this.#openCommands.countOpen(commander) >= commandsOpenMax ||
      this.#openCommands.size >= commandsOpenMax * membersMax ||
      // Each awaited result needs memory. A sender may await at most as many results as remain free, so one sender gets at most half.
      this.#openCommands.countAwaited(commander) >= awaitedMax - this.#openCommands.awaitedCount;
    return tooMany ? 'TOO_MANY_OPEN' : undefined;
  }

  #accept(entry: CommandEntry, sending: Sending, judgement: Judgement): Effect[] {
    const { recipients, ranges } = judgement;
    const seq = this.#versioned.nextSeq();
    const { view, epoch, roster } = this.#versioned;
    const { id, name, payload, reply } = entry;
    const { commander, sender, session } = sending;
    const deadlineMs = Math.min(entry.deadlineMs, this.#limits.deadlineMsMax);
    const resultWanted = reply !== 'none';
    const effects: Effect[] = [
      receipt(entry, sending, { kind: 'accepted', seq, view, recipients, deadlineMs }, judgement),
      { kind: 'deliver', seq, view, sender, by: session, name, payload, deadlineMs, resultWanted, ranges },
    ];
    if (reply === 'none') return effects;
    const acceptedAt = entry.at;
    this.#openCommands.open(
      { seq, id, name, commander, sender, session, reply, acceptedAt, deadlineMs },
      ranges,
      roster,
    );
    effects.push({ kind: 'deadline', epoch, seq, deadlineMs });
    return effects;
  }
}

/** Counts a command against the rate limit of its sender. Returns whether it is within the limit. `perSecond` 0: no limit. */
function isWithinRate(commander: Commander, perSecond: number, { afterHelloMs, from, at }: CommandEntry): boolean {
  if (perSecond === 0) return true;
  const time = afterHelloMs === undefined ? { at } : { at: afterHelloMs, session: from.session };
  const { isAllowed, allowance } = spendAllowance(commander.allowance, perSecond, time);
  commander.allowance = allowance;
  return isAllowed;
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
  const unmatched = judgement?.unmatched ?? [];
  const { id, name } = entry;
  return { kind: 'receipt', to: session, sender, id, name, verdict, refused, refusedCount, unmatched };
}

/** Returns the code for a command without recipients (R-CMD-3). */
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
