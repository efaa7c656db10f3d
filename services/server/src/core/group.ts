import { assertNever } from './assert-never.js';
import { judge } from './authority.js';
import { CommandTable } from './command-table.js';
import type { Cause, Effect, ReceiptEffect, RejectionCode } from './effects.js';
import type { CommandEntry, ExpiredEntry, GroupEntry, JoinedEntry, LeftEntry, ResultEntry } from './entries.js';
import type { Member } from './member.js';
import { Roster } from './roster.js';

/** The bounds that the core keeps; they come from the server's settings and limits. */
export interface CoreLimits {
  readonly membersMax: number;
  readonly groupsMax: number;
  readonly commandsOpenMax: number;
  readonly deadlineMsMax: number;
  readonly refusedMax: number;
  readonly missingMax: number;
}

/**
 * One independent rank order (protocol: Terms). `apply` is the only way in which it changes, and its effects are the only
 * way in which that shows. Applying the same entries to two of them leaves both alike.
 */
export class Group {
  readonly name: string;
  readonly epoch: number;
  readonly roster = new Roster();
  readonly commands: CommandTable;
  readonly #limits: CoreLimits;
  #view = 0;
  #seq = 0;
  #order: 'moving' | 'frozen' = 'moving';
  /** Members that went after the order froze: they keep their places in it and are asked for nothing more. */
  readonly #goneFrozen = new Set<Member>();

  constructor(name: string, epoch: number, limits: CoreLimits) {
    this.name = name;
    this.epoch = epoch;
    this.#limits = limits;
    this.commands = new CommandTable(limits.missingMax);
  }

  get view(): number {
    return this.#view;
  }

  get seq(): number {
    return this.#seq;
  }

  apply(entry: GroupEntry): Effect[] {
    switch (entry.kind) {
      case 'joined':
        return this.#join(entry);
      case 'left':
        return this.#leave(entry);
      case 'command':
        return this.#command(entry);
      case 'result':
        return this.#result(entry);
      case 'expired':
        return this.#expire(entry);
      default:
        return assertNever(entry);
    }
  }

  /** R-BYE-2: from here on nobody joins, nobody is promoted and no command is accepted. */
  freeze(): void {
    this.#order = 'frozen';
  }

  /** A member that has not gone: a frozen order still holds those that have. */
  present(id: string): Member | undefined {
    const member = this.roster.member(id);
    return member === undefined || this.#goneFrozen.has(member) ? undefined : member;
  }

  readonly #isPresent = (member: Member): boolean => this.present(member.id) === member;

  /** R-JOIN-2, R-JOIN-4 */
  #join(entry: JoinedEntry): Effect[] {
    const { newcomer } = entry;
    if (this.roster.member(newcomer.id) !== undefined) return [];
    const { session } = newcomer;
    if (this.#order === 'frozen') return [{ kind: 'turned-away', session, code: 'DRAINING', detail: this.name }];
    if (this.roster.size >= this.#limits.membersMax) {
      const detail = `group ${this.name} holds ${this.#limits.membersMax}`;
      return [{ kind: 'turned-away', session, code: 'FULL', detail }];
    }
    const member = this.roster.add(newcomer);
    const rank = this.roster.size - 1;
    const changed = this.#changed({ kind: 'joined', member, reason: undefined }, rank + 1, entry.at);
    return [changed, { kind: 'welcomed', member, rank }];
  }

  /** R-VIEW-1, R-CMD-6: the gap closes, and whatever waited for the member waits no longer. */
  #leave(entry: LeftEntry): Effect[] {
    const member = this.present(entry.member);
    if (member === undefined) return [];
    const rank = this.roster.rankOf(member);
    const departed: Effect = { kind: 'departed', member, rank, reason: entry.reason };
    if (this.#order === 'frozen') {
      this.#goneFrozen.add(member);
      return [departed, ...this.commands.settle(member, entry.at, this.#isPresent)];
    }
    this.roster.remove(member);
    const changed = this.#changed({ kind: 'left', member, reason: entry.reason }, rank, entry.at);
    return [departed, changed, ...this.commands.settle(member, entry.at, this.#isPresent)];
  }

  /** R-CMD-1 to R-CMD-3 */
  #command(entry: CommandEntry): Effect[] {
    const sender = this.present(entry.member);
    if (sender === undefined || entry.n <= sender.lastCommand) return [];
    sender.lastCommand = entry.n;
    const rank = this.roster.rankOf(sender);
    const unfit = this.#unfit(sender, entry);
    if (unfit !== undefined) return [receiptOf(entry, sender, rank, { kind: 'rejected', code: unfit })];
    const judgement = judge(this.roster, rank, entry.target, this.#limits.refusedMax);
    if (judgement.recipients === 0) {
      const code = nobodyCode(entry, judgement.refusedCount);
      return [{ ...receiptOf(entry, sender, rank, { kind: 'rejected', code }), ...refusals(judgement) }];
    }
    this.#seq += 1;
    const seq = this.#seq;
    const deadlineMs = Math.min(entry.deadlineMs, this.#limits.deadlineMsMax);
    const { recipients, ranges } = judgement;
    const accepted = { kind: 'accepted', seq, view: this.#view, recipients, deadlineMs } as const;
    const { name, payload, reply, id } = entry;
    const resultWanted = reply !== 'none';
    const effects: Effect[] = [
      { ...receiptOf(entry, sender, rank, accepted), ...refusals(judgement) },
      {
        kind: 'deliver',
        seq,
        view: this.#view,
        sender,
        senderRank: rank,
        name,
        payload,
        deadlineMs,
        resultWanted,
        ranges,
      },
    ];
    if (reply === 'none') return effects;
    this.commands.open({ seq, id, name, sender, reply, acceptedAt: entry.at }, ranges, this.roster);
    effects.push({ kind: 'deadline', epoch: this.epoch, seq, deadlineMs });
    return effects;
  }

  /** Why a command cannot be accepted whoever it is aimed at. */
  #unfit(sender: Member, entry: CommandEntry): RejectionCode | undefined {
    if (this.#order === 'frozen') return 'DRAINING';
    if (sender.openIds.has(entry.id)) return 'DUPLICATE_ID';
    if (entry.reply === 'none') return undefined;
    const { commandsOpenMax, membersMax } = this.#limits;
    // The second bound holds what members leave open behind them when they go.
    const tooMany = sender.openIds.size >= commandsOpenMax || this.commands.size >= commandsOpenMax * membersMax;
    return tooMany ? 'TOO_MANY_OPEN' : undefined;
  }

  /** R-CMD-5 */
  #result(entry: ResultEntry): Effect[] {
    const member = this.present(entry.member);
    if (member === undefined || entry.epoch !== this.epoch) return [];
    const effects = this.commands.answer(member, entry, this.#isPresent);
    if (effects !== undefined) return effects;
    const isLate = entry.seq <= this.#seq && !this.commands.has(entry.seq);
    return [{ kind: 'result-refused', member, seq: entry.seq, code: isLate ? 'LATE_RESULT' : 'UNEXPECTED_RESULT' }];
  }

  #expire(entry: ExpiredEntry): Effect[] {
    if (entry.epoch !== this.epoch) return [];
    return this.commands.expire(entry.seq, entry.at, this.#isPresent);
  }

  #changed(cause: Cause, movedFrom: number, at: number): Effect {
    this.#view += 1;
    this.#seq += 1;
    const { epoch, view, seq } = this;
    return { kind: 'roster-changed', epoch, view, seq, at, size: this.roster.size, cause, movedFrom };
  }
}

function receiptOf(
  entry: CommandEntry,
  sender: Member,
  senderRank: number,
  verdict: ReceiptEffect['verdict'],
): ReceiptEffect {
  return { kind: 'receipt', sender, senderRank, id: entry.id, name: entry.name, verdict, refused: [], refusedCount: 0 };
}

function refusals(judgement: ReturnType<typeof judge>): Pick<ReceiptEffect, 'refused' | 'refusedCount'> {
  return { refused: judgement.refused, refusedCount: judgement.refusedCount };
}

/** R-CMD-3: why nobody may execute it. */
function nobodyCode(entry: CommandEntry, refusedCount: number): RejectionCode {
  if (refusedCount > 0) return 'OUTRANKED';
  switch (entry.target.kind) {
    case 'below':
    case 'all':
    case 'tags':
      return 'NO_RECIPIENTS';
    case 'ranks':
    case 'members':
    case 'names':
      return 'NO_SUCH_TARGET';
    default:
      return assertNever(entry.target);
  }
}
