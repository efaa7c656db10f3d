import type {
  CommandEntry,
  CoreLimits,
  Entry,
  ExpiredEntry,
  JoinedEntry,
  LeftEntry,
  MissingRecipient,
  RejectionCode,
  ResultEntry,
} from '../../../src/core/index.js';
import type { PlainEffect, PlainEffectOf } from './plain-effect.js';

/**
 * The rules of protocol.md once more, as plainly as they can be put: arrays, searched from end to end, nothing kept that
 * could be counted, nothing forgotten that has happened. It shares no code with core/, only the shapes of entries and
 * effects. Slow, and meant to be.
 */

interface DumbMember {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly slot: number;
  /** Went after the order froze. */
  gone: boolean;
}

interface DumbRecipient {
  readonly id: string;
  readonly rank: number;
  status: 'awaited' | 'done' | MissingRecipient['status'];
}

interface DumbCommand {
  readonly entry: CommandEntry;
  readonly seq: number;
  readonly recipients: DumbRecipient[];
}

/** Everything that makes a recipient end, put alike. */
interface Ending {
  readonly status: 'done' | MissingRecipient['status'];
  readonly at: number;
  readonly error: ResultEntry['error'];
  readonly payload: string | undefined;
}

const isOpen = (command: DumbCommand): boolean => command.recipients.some(({ status }) => status === 'awaited');

class DumbGroup {
  members: DumbMember[] = [];
  view = 0;
  seq = 0;
  /** Every accepted command whose outcome is wanted (R-CMD-6: `none` is not tracked), for ever. */
  commands: DumbCommand[] = [];
  /** Every command entry that was looked at, for ever. */
  seen: CommandEntry[] = [];

  constructor(
    readonly name: string,
    readonly epoch: number,
    readonly limits: CoreLimits,
  ) {}

  isThere(id: string): boolean {
    return this.members.some(member => member.id === id && !member.gone);
  }

  rankOf(id: string): number {
    return this.members.findIndex(member => member.id === id);
  }

  /** R-JOIN-2, R-JOIN-4 */
  join(entry: JoinedEntry, isFrozen: boolean): PlainEffect[] {
    const { id, session, name, tags } = entry.newcomer;
    if (this.members.some(member => member.id === id)) return [];
    if (isFrozen) return [turnedAway(session, 'DRAINING', this.name)];
    if (this.members.length >= this.limits.membersMax) {
      return [turnedAway(session, 'FULL', `group ${this.name} holds ${this.limits.membersMax}`)];
    }
    let slot = 0;
    while (this.members.some(member => member.slot === slot)) slot += 1;
    this.members = [...this.members, { id, name, tags, slot, gone: false }];
    const rank = this.members.length - 1;
    const cause = { kind: 'joined', member: id, reason: undefined } as const;
    return [this.changed(cause, this.members.length, entry.at), { kind: 'welcomed', member: id, rank }];
  }

  /** R-VIEW-1, R-CMD-6; R-BYE-2: in a frozen order the gap stays. */
  leave(entry: LeftEntry, isFrozen: boolean): PlainEffect[] {
    const { member, reason, at } = entry;
    if (!this.isThere(member)) return [];
    const rank = this.rankOf(member);
    const effects: PlainEffect[] = [{ kind: 'departed', member, rank, reason }];
    if (isFrozen) {
      this.members = this.members.map(each => (each.id === member ? { ...each, gone: true } : each));
    } else {
      this.members = this.members.filter(each => each.id !== member);
      effects.push(this.changed({ kind: 'left', member, reason }, rank, at));
    }
    const ending = { status: 'left', at, error: undefined, payload: undefined } as const;
    for (const command of this.commands) {
      if (command.recipients.some(({ id, status }) => id === member && status === 'awaited')) {
        effects.push(...this.end(command, member, ending));
      }
    }
    return effects;
  }

  /** R-CMD-1 to R-CMD-4 */
  command(entry: CommandEntry, isFrozen: boolean): PlainEffect[] {
    if (!this.isThere(entry.member)) return [];
    if (this.seen.some(({ member, n }) => member === entry.member && n >= entry.n)) return [];
    this.seen.push(entry);
    const rank = this.rankOf(entry.member);
    const unfit = this.unfit(entry, isFrozen);
    if (unfit !== undefined) return [this.receipt(entry, { kind: 'rejected', code: unfit }, [])];
    const aimedAt = this.aimedAt(entry);
    const refused = aimedAt.filter(each => each <= rank);
    const allowed = aimedAt.filter(each => each > rank);
    if (allowed.length === 0) {
      return [this.receipt(entry, { kind: 'rejected', code: whyNobody(entry, refused.length > 0) }, refused)];
    }
    this.seq += 1;
    const { seq, view } = this;
    const deadlineMs = Math.min(entry.deadlineMs, this.limits.deadlineMsMax);
    const verdict = { kind: 'accepted', seq, view, recipients: allowed.length, deadlineMs } as const;
    const effects = [this.receipt(entry, verdict, refused), this.delivery(entry, allowed, deadlineMs)];
    if (entry.reply === 'none') return effects;
    const recipients = allowed.map(each => ({ id: this.idAt(each), rank: each, status: 'awaited' as const }));
    this.commands.push({ entry, seq, recipients });
    return [...effects, { kind: 'deadline', epoch: this.epoch, seq, deadlineMs }];
  }

  /** R-CMD-5 */
  result(entry: ResultEntry): PlainEffect[] {
    if (!this.isThere(entry.member) || entry.epoch !== this.epoch) return [];
    const open = this.commands.filter(isOpen).find(({ seq }) => seq === entry.seq);
    const own = open?.recipients.find(({ id }) => id === entry.member);
    if (open !== undefined && own?.status === 'awaited') return this.end(open, own.id, entry);
    const code = entry.seq <= this.seq && open === undefined ? 'LATE_RESULT' : 'UNEXPECTED_RESULT';
    return [{ kind: 'result-refused', member: entry.member, seq: entry.seq, code }];
  }

  /** R-CMD-6 */
  expire(entry: ExpiredEntry): PlainEffect[] {
    if (entry.epoch !== this.epoch) return [];
    const ending = { status: 'expired', at: entry.at, error: undefined, payload: undefined } as const;
    return this.commands
      .filter(({ seq }) => seq === entry.seq)
      .flatMap(command =>
        command.recipients
          .filter(({ status }) => status === 'awaited')
          .flatMap(recipient => this.end(command, recipient.id, ending)),
      );
  }

  private idAt(rank: number): string {
    return this.members[rank]?.id ?? `nobody at rank ${rank}`;
  }

  /** R-CMD-3: the codes that do not depend on whom it is aimed at. */
  private unfit(entry: CommandEntry, isFrozen: boolean): RejectionCode | undefined {
    if (isFrozen) return 'DRAINING';
    const open = this.commands.filter(isOpen);
    const own = open.filter(command => command.entry.member === entry.member);
    if (own.some(command => command.entry.id === entry.id)) return 'DUPLICATE_ID';
    const { commandsOpenMax, membersMax } = this.limits;
    const tooMany = own.length >= commandsOpenMax || open.length >= commandsOpenMax * membersMax;
    return tooMany && entry.reply !== 'none' ? 'TOO_MANY_OPEN' : undefined;
  }

  /** R-CMD-1: the ranks that are meant, each once, rising. */
  private aimedAt(entry: CommandEntry): number[] {
    const { target, member } = entry;
    const own = this.rankOf(member);
    const isMeant = (each: DumbMember, rank: number): boolean => {
      if (target.kind === 'below') return rank > own;
      if (target.kind === 'all') return rank !== own;
      if (target.kind === 'ranks') return target.ranks.includes(rank);
      if (target.kind === 'members') return target.members.includes(each.id);
      if (target.kind === 'names') return target.names.includes(each.name);
      return rank > own && Object.keys(target.tags).every(key => each.tags[key] === target.tags[key]);
    };
    return this.members.map((each, rank) => (isMeant(each, rank) ? rank : -1)).filter(rank => rank >= 0);
  }

  private receipt(
    entry: CommandEntry,
    verdict: PlainEffectOf<'receipt'>['verdict'],
    refusedRanks: number[],
  ): PlainEffect {
    const refused = refusedRanks
      .slice(0, this.limits.refusedMax)
      .map(rank => ({ member: this.idAt(rank), rank, code: 'OUTRANKED' as const }));
    const { member: sender, id, name } = entry;
    const senderRank = this.rankOf(sender);
    return { kind: 'receipt', sender, senderRank, id, name, verdict, refused, refusedCount: refusedRanks.length };
  }

  private delivery(entry: CommandEntry, ranks: number[], deadlineMs: number): PlainEffect {
    return {
      kind: 'deliver',
      seq: this.seq,
      view: this.view,
      sender: entry.member,
      senderRank: this.rankOf(entry.member),
      name: entry.name,
      payload: entry.payload,
      deadlineMs,
      resultWanted: entry.reply !== 'none',
      recipients: ranks.map(rank => this.idAt(rank)),
    };
  }

  /** R-CMD-6, R-CMD-7, R-CMD-8 */
  private end(command: DumbCommand, recipient: string, ending: Ending): PlainEffect[] {
    const found = command.recipients.find(({ id }) => id === recipient);
    if (found === undefined) throw new Error(`${recipient} is no recipient of ${command.seq}`);
    found.status = ending.status;
    const { entry, seq } = command;
    const { member: sender, id } = entry;
    const there = this.isThere(sender);
    const { status, error, payload } = ending;
    const ms = ending.at - entry.at;
    const { rank } = found;
    const forward = there && entry.reply === 'each';
    const ended = { sender, forward, id, seq, recipient, rank, status, error, payload, ms };
    const effects: PlainEffect[] = [{ kind: 'recipient-ended', ...ended }];
    if (!isOpen(command)) effects.push(this.outcome(command, there, ms));
    return effects;
  }

  private outcome({ entry, seq, recipients }: DumbCommand, forward: boolean, ms: number): PlainEffect {
    const count = (wanted: string): number => recipients.filter(({ status }) => status === wanted).length;
    const missing = recipients.flatMap(({ id, rank, status }) =>
      status === 'done' || status === 'awaited' ? [] : [{ member: id, rank, status }],
    );
    return {
      kind: 'outcome',
      sender: entry.member,
      forward,
      id: entry.id,
      seq,
      name: entry.name,
      recipients: recipients.length,
      counts: {
        done: count('done'),
        failed: count('failed'),
        refused: count('refused'),
        expired: count('expired'),
        left: count('left'),
      },
      missing: missing.slice(0, this.limits.missingMax),
      ms,
    };
  }

  private changed(cause: PlainEffectOf<'roster-changed'>['cause'], movedFrom: number, at: number): PlainEffect {
    this.view += 1;
    this.seq += 1;
    const { epoch, view, seq, members } = this;
    return { kind: 'roster-changed', epoch, view, seq, at, size: members.length, cause, movedFrom };
  }
}

/** R-CMD-3: why nobody may execute it. */
function whyNobody(entry: CommandEntry, wasOutranked: boolean): RejectionCode {
  if (wasOutranked) return 'OUTRANKED';
  return ['ranks', 'members', 'names'].includes(entry.target.kind) ? 'NO_SUCH_TARGET' : 'NO_RECIPIENTS';
}

function turnedAway(session: string, code: 'FULL' | 'DRAINING', detail: string): PlainEffect {
  return { kind: 'turned-away', session, code, detail };
}

/** All groups. Its `groups` are those with members; `epochs` is every epoch ever issued. */
export class DumbModel {
  groups: DumbGroup[] = [];
  epochs: number[] = [];
  private isFrozen = false;

  constructor(
    private readonly limits: CoreLimits,
    epochLast: number,
  ) {
    this.epochs.push(epochLast);
  }

  apply(entry: Entry): PlainEffect[] {
    if (entry.kind === 'frozen') {
      this.isFrozen = true;
      return [];
    }
    const found = this.groups.find(group => group.name === entry.group);
    if (found === undefined) return entry.kind === 'joined' ? this.found(entry) : [];
    const effects = this.applyTo(found, entry);
    this.groups = this.groups.filter(group => group.members.length > 0);
    return effects;
  }

  private applyTo(group: DumbGroup, entry: Exclude<Entry, { kind: 'frozen' }>): PlainEffect[] {
    if (entry.kind === 'joined') return group.join(entry, this.isFrozen);
    if (entry.kind === 'left') return group.leave(entry, this.isFrozen);
    if (entry.kind === 'command') return group.command(entry, this.isFrozen);
    if (entry.kind === 'result') return group.result(entry);
    return group.expire(entry);
  }

  /** Terms: an epoch is the wall clock, but always larger than any before it. R-JOIN-4 past RANKD_GROUPS_MAX. */
  private found(entry: JoinedEntry): PlainEffect[] {
    const { session } = entry.newcomer;
    if (this.isFrozen) return [turnedAway(session, 'DRAINING', entry.group)];
    if (this.groups.length >= this.limits.groupsMax) {
      return [turnedAway(session, 'FULL', `the server holds ${this.limits.groupsMax} groups`)];
    }
    const epoch = Math.max(entry.at, Math.max(...this.epochs) + 1);
    this.epochs.push(epoch);
    const group = new DumbGroup(entry.group, epoch, this.limits);
    this.groups.push(group);
    return group.join(entry, false);
  }
}
