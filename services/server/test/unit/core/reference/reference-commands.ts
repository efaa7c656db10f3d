import { referenceAuthority } from '@rankd/testkit';
import type {
  CommandEntry,
  CommandSource,
  ExpiredEntry,
  MissingRecipient,
  RejectionCode,
  ResultEntry,
  GroupLimits,
} from '../../../../src/core/index.js';
import type { PlainEffect, PlainEffectOf } from './plain-effect.js';

/** The commands of the reference model. It keeps every command and searches all of them each time. */

/** What the commands need to know of their group. */
export interface ReferenceOrder {
  readonly epoch: number;
  readonly view: number;
  seq: number;
  readonly members: readonly ReferencePerson[];
}

export interface ReferencePerson {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly session: string | undefined;
}

interface ReferenceRecipient {
  readonly id: string;
  readonly rank: number;
  status: 'awaited' | 'done' | MissingRecipient['status'];
  code: string | undefined;
}

/** Who may execute a command, who is refused, and which elements of the target match no member. */
interface Judged {
  readonly allowed: readonly number[];
  readonly refused: Refused[];
  readonly unmatched: readonly (number | string)[];
}

const nobody: Judged = { allowed: [], refused: [], unmatched: [] };

interface ReferenceCommand {
  readonly entry: CommandEntry;
  readonly sender: { readonly id: string; readonly name: string; readonly rank: number };
  readonly seq: number;
  readonly recipients: ReferenceRecipient[];
}

/** All events that end a recipient, in one form. */
interface Ending {
  readonly status: 'done' | MissingRecipient['status'];
  readonly error?: ResultEntry['error'];
  readonly payload?: string | undefined;
}

interface Refused {
  readonly member: string;
  readonly rank: number;
  readonly code: 'OUTRANKED' | 'AWAY';
}

const isOpen = (command: ReferenceCommand): boolean => command.recipients.some(({ status }) => status === 'awaited');

/** The scope in which an id is unique: a member in all its sessions, or one session of an administrator. */
const holderOf = (from: CommandSource): string => (from.kind === 'admin' ? from.session : from.member);

export class ReferenceCommands {
  /** Every accepted command with an outcome (R-CMD-6: `none` is not tracked). Never shrinks. */
  readonly all: ReferenceCommand[] = [];
  /** Every command entry that was judged. Never shrinks. */
  private readonly seen: CommandEntry[] = [];
  /** The times of each sender's commands that were no duplicates. Never shrinks. */
  private readonly asked: { readonly holder: string; readonly at: number }[] = [];
  private readonly goneAdmins: string[] = [];

  constructor(
    private readonly order: ReferenceOrder,
    private readonly rules: GroupLimits,
  ) {}

  get openCount(): number {
    return this.all.filter(isOpen).length;
  }

  adminGone(session: string): void {
    this.goneAdmins.push(session);
  }

  adminsGone(isGone: (session: string) => boolean): void {
    for (const { from } of this.seen) if (from.kind === 'admin' && isGone(from.session)) this.adminGone(from.session);
  }

  /** R-CMD-1 to R-CMD-4 */
  command(entry: CommandEntry, isFrozen: boolean): PlainEffect[] {
    const sender = this.senderOf(entry.from);
    const holder = holderOf(entry.from);
    if (sender === undefined) return [];
    if (this.seen.some(({ from, n }) => holderOf(from) === holder && n >= entry.n)) return [];
    this.seen.push(entry);
    const unfit = isFrozen ? 'DRAINING' : this.unfit(entry, holder);
    if (unfit !== undefined) return [this.receipt(entry, sender, { kind: 'rejected', code: unfit }, nobody)];
    const judged = this.judge(entry, sender.rank);
    if (judged.allowed.length === 0) {
      return [this.receipt(entry, sender, { kind: 'rejected', code: whyNobody(entry, judged.refused) }, judged)];
    }
    return this.accept(entry, sender, judged);
  }

  /** R-CMD-5 */
  result(entry: ResultEntry): PlainEffect[] {
    const member = this.order.members.find(({ id }) => id === entry.member);
    if (member?.session !== entry.session || entry.epoch !== this.order.epoch) return [];
    const open = this.all.filter(isOpen).find(({ seq }) => seq === entry.seq);
    const own = open?.recipients.find(({ id }) => id === entry.member);
    if (open !== undefined && own?.status === 'awaited') return this.end(open, own, entry);
    const code = entry.seq <= this.order.seq && open === undefined ? 'LATE_RESULT' : 'UNEXPECTED_RESULT';
    return [{ kind: 'result-refused', to: entry.session, seq: entry.seq, code }];
  }

  /** R-CMD-6 */
  expire(entry: ExpiredEntry): PlainEffect[] {
    if (entry.epoch !== this.order.epoch) return [];
    return this.endWhere(({ seq }) => seq === entry.seq, undefined, { status: 'expired' });
  }

  /** R-CMD-6 */
  left(member: string): PlainEffect[] {
    return this.endWhere(() => true, member, { status: 'left' });
  }

  private endWhere(
    isMeant: (command: ReferenceCommand) => boolean,
    member: string | undefined,
    ending: Ending,
  ): PlainEffect[] {
    return this.all
      .filter(isMeant)
      .flatMap(command =>
        command.recipients
          .filter(({ id, status }) => status === 'awaited' && (member === undefined || id === member))
          .flatMap(recipient => this.end(command, recipient, ending)),
      );
  }

  private senderOf(from: CommandSource): ReferenceCommand['sender'] | undefined {
    if (from.kind === 'admin') return { id: from.id, name: from.name, rank: -1 };
    const rank = this.order.members.findIndex(({ id, session }) => id === from.member && session === from.session);
    const member = this.order.members[rank];
    return member && { id: member.id, name: member.name, rank };
  }

  private accept(entry: CommandEntry, sender: ReferenceCommand['sender'], judged: Judged): PlainEffect[] {
    const { allowed } = judged;
    this.order.seq += 1;
    const { seq, view, epoch } = this.order;
    const deadlineMs = Math.min(entry.deadlineMs, this.rules.deadlineMsMax);
    const recipients = allowed.map(rank => ({
      id: this.idAt(rank),
      rank,
      status: 'awaited' as const,
      code: undefined,
    }));
    const verdict = { kind: 'accepted', seq, view, recipients: allowed.length, deadlineMs } as const;
    const effects: PlainEffect[] = [
      this.receipt(entry, sender, verdict, judged),
      {
        kind: 'deliver',
        ...{ seq, view, sender, by: entry.from.session, name: entry.name, payload: entry.payload, deadlineMs },
        resultWanted: entry.reply !== 'none',
        recipients: recipients.map(({ id }) => id),
      },
    ];
    if (entry.reply === 'none') return effects;
    this.all.push({ entry, sender, seq, recipients });
    return [...effects, { kind: 'deadline', epoch, seq, deadlineMs }];
  }

  private idAt(rank: number): string {
    return this.order.members[rank]?.id ?? `no member at rank ${rank}`;
  }

  /** R-CMD-3: the codes that do not depend on the target. */
  private unfit(entry: CommandEntry, holder: string): RejectionCode | undefined {
    const open = this.all.filter(isOpen);
    const own = open.filter(command => holderOf(command.entry.from) === holder);
    if (own.some(command => command.entry.id === entry.id)) return 'DUPLICATE_ID';
    this.asked.push({ holder, at: entry.at });
    if (!this.hasAllowance(holder)) return 'RATE_LIMITED';
    const { commandsOpenMax, membersMax } = this.rules;
    const tooMany = own.length >= commandsOpenMax || open.length >= commandsOpenMax * membersMax;
    return tooMany && entry.reply !== 'none' ? 'TOO_MANY_OPEN' : undefined;
  }

  /** A token bucket that refills within a second, computed from the first command on, in thousandths. */
  private hasAllowance(holder: string): boolean {
    const times = this.asked.filter(each => each.holder === holder).map(({ at }) => at);
    let [left, before, allowed] = [this.rules.commandsPerSecond * 1000, times[0] ?? 0, true];
    for (const at of times) {
      left = Math.min(this.rules.commandsPerSecond * 1000, left + (at - before) * this.rules.commandsPerSecond);
      allowed = left >= 1000;
      if (allowed) left -= 1000;
      before = at;
    }
    return allowed || this.rules.commandsPerSecond === 0;
  }

  /** R-CMD-1, R-CMD-2 */
  private judge({ target }: CommandEntry, senderRank: number): Judged {
    const { members } = this.order;
    const roster = members.map(({ id, name, tags, session }) => ({ id, name, tags, isAway: session === undefined }));
    const { allowed, refused, unmatched } = referenceAuthority(target, senderRank, roster);
    return { allowed, unmatched, refused: refused.map(({ rank, code }) => ({ member: this.idAt(rank), rank, code })) };
  }

  private receipt(
    entry: CommandEntry,
    sender: ReferenceCommand['sender'],
    verdict: PlainEffectOf<'receipt'>['verdict'],
    { refused, unmatched }: Judged,
  ): PlainEffect {
    const { refusedMax } = this.rules;
    const { id, name, from } = entry;
    return {
      kind: 'receipt',
      ...{ to: from.session, sender, id, name, verdict },
      ...{ refused: refused.slice(0, refusedMax), refusedCount: refused.length },
      unmatched: unmatched.slice(0, refusedMax),
    };
  }

  /** R-CMD-8: the session that sent the command, if its sender still has it. */
  private hearerOf({ from }: CommandEntry): string | undefined {
    const isThere =
      from.kind === 'admin'
        ? !this.goneAdmins.includes(from.session)
        : this.order.members.some(({ id, session }) => id === from.member && session === from.session);
    return isThere ? from.session : undefined;
  }

  /** R-CMD-6, R-CMD-7, R-CMD-8 */
  private end(command: ReferenceCommand, recipient: ReferenceRecipient, ending: Ending): PlainEffect[] {
    recipient.status = ending.status;
    recipient.code = ending.error?.code;
    const { entry, seq } = command;
    const { status, error, payload } = ending;
    const to = entry.reply === 'each' ? this.hearerOf(entry) : undefined;
    const ended: PlainEffect = {
      kind: 'recipient-ended',
      ...{ to, id: entry.id, seq, recipient: recipient.id, rank: recipient.rank, status, error, payload },
    };
    return isOpen(command) ? [ended] : [ended, this.outcome(command)];
  }

  private outcome({ entry, sender, seq, recipients }: ReferenceCommand): PlainEffect {
    const count = (wanted: string): number => recipients.filter(({ status }) => status === wanted).length;
    const missing = recipients.flatMap(({ id, rank, status, code }) =>
      status === 'done' || status === 'awaited' ? [] : [{ member: id, rank, status, code }],
    );
    const [done, failed, refused] = [count('done'), count('failed'), count('refused')];
    return {
      kind: 'outcome',
      ...{ to: this.hearerOf(entry), sender, id: entry.id, seq, name: entry.name, recipients: recipients.length },
      counts: { done, failed, refused, expired: count('expired'), left: count('left') },
      missing: missing.slice(0, this.rules.missingMax),
    };
  }
}

/** R-CMD-3: why no member may execute the command. */
function whyNobody(entry: CommandEntry, refused: readonly Refused[]): RejectionCode {
  if (refused.some(({ code }) => code === 'OUTRANKED')) return 'OUTRANKED';
  if (refused.length > 0) return 'AWAY';
  return ['ranks', 'members', 'names'].includes(entry.target.kind) ? 'NO_SUCH_TARGET' : 'NO_RECIPIENTS';
}
