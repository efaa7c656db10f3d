/** The table of open commands: those that wait for results (R-CMD-5 to R-CMD-8). */

import type { DeadlineEffect, Effect, EndedStatus, MissingRecipient } from '../effects.js';
import type { Payload, Reply, ResultEntry, ResultError } from '../entries.js';
import { type Commander, type CommandSender, type Member, type SessionId, sessionOf } from '../roster/member.js';
import type { RankRange } from '../roster/rank-range.js';
import type { Roster } from '../roster/roster.js';
import type { OpenCommandSnapshot } from '../snapshot.js';
import type { SnapshotRefs } from './snapshot-refs.js';

type NewCommand = Pick<
  OpenCommand,
  'seq' | 'id' | 'name' | 'commander' | 'sender' | 'session' | 'reply' | 'acceptedAt' | 'deadlineMs'
>;

/** The result of one recipient, or the reason why it has none. */
interface Ending {
  readonly status: EndedStatus;
  readonly error?: ResultError | undefined;
  readonly payload?: Payload | undefined;
}

/** The open commands of one sender: their ids, and the number of results that they await. */
interface SenderCommands {
  readonly ids: Set<string>;
  awaited: number;
}

/**
 * The commands without an outcome. Every recipient's part ends exactly once (R-CMD-6), and every command ends with its last recipient
 * (R-CMD-7). The limits of members and of open commands bound the size of the table.
 */
export class OpenCommands {
  readonly #open = new Map<number, OpenCommand>();
  readonly #bySender = new Map<Commander, SenderCommands>();
  #awaited = 0;
  readonly #missingMax: number;

  constructor(missingMax: number) {
    this.#missingMax = missingMax;
  }

  /** The number of open commands. */
  get size(): number {
    return this.#open.size;
  }

  /** The number of results that all open commands await. */
  get awaitedCount(): number {
    return this.#awaited;
  }

  /** Whether this sender has an open command with that id. */
  hasId(commander: Commander, id: string): boolean {
    return this.#bySender.get(commander)?.ids.has(id) === true;
  }

  /** Returns the number of open commands of this sender. */
  countOpen(commander: Commander): number {
    return this.#bySender.get(commander)?.ids.size ?? 0;
  }

  /** Returns the number of results that the open commands of this sender await. */
  countAwaited(commander: Commander): number {
    return this.#bySender.get(commander)?.awaited ?? 0;
  }

  /** Whether the command with this seq is open. */
  has(seq: number): boolean {
    return this.#open.has(seq);
  }

  /** Whether the command with this seq awaits a result of this recipient. */
  isAwaited(seq: number, recipient: Member): boolean {
    return this.#open.get(seq)?.awaited.has(recipient) === true;
  }

  /** Returns the session that will receive this recipient's result. Undefined if no session awaits it. */
  resultReceiver(seq: number, recipient: Member): SessionId | undefined {
    const command = this.#open.get(seq);
    if (command?.reply !== 'each' || !command.awaited.has(recipient)) return undefined;
    return resultRecipient(command);
  }

  /** Adds an accepted command. Its recipients are the members of `roster` whose ranks are in `ranges`. */
  open(command: NewCommand, ranges: readonly RankRange[], roster: Roster): void {
    const awaited = new Map<Member, number>();
    for (const range of ranges) {
      roster.slice(range.from, range.to).forEach((member, index) => awaited.set(member, range.from + index));
    }
    this.#add({
      ...command,
      recipients: awaited.size,
      awaited,
      missing: [],
      counts: { done: 0, failed: 0, refused: 0, expired: 0, left: 0 },
    });
  }

  /** Whether one of these sessions has sent an open command, or must still send a result for one. */
  concerns(isOne: (session: SessionId) => boolean): boolean {
    for (const { session, awaited } of this.#open.values()) {
      if (isOne(session)) return true;
      for (const recipient of awaited.keys()) if (isOne(sessionOf(recipient) ?? '')) return true;
    }
    return false;
  }

  /** Applies a recipient's result, once (R-CMD-5). Does nothing if no result of this recipient is awaited. */
  applyResult(recipient: Member, entry: ResultEntry): Effect[] {
    const command = this.#open.get(entry.seq);
    if (command?.awaited.has(recipient) !== true) return [];
    return this.#endRecipient(command, recipient, entry);
  }

  /** Ends every recipient without a result as `expired`, because the deadline has passed. Does nothing if the command has ended. */
  expire(seq: number): Effect[] {
    const command = this.#open.get(seq);
    if (command === undefined) return [];
    return [...command.awaited.keys()].flatMap(recipient =>
      this.#endRecipient(command, recipient, { status: 'expired' }),
    );
  }

  /** Ends the parts of a departed member as `left` in every command that awaits its result. */
  settleDeparted(gone: Member): Effect[] {
    const effects: Effect[] = [];
    for (const command of this.#open.values()) {
      if (!command.awaited.has(gone)) continue;
      effects.push(...this.#endRecipient(command, gone, { status: 'left' }));
    }
    return effects;
  }

  /** Returns the deadline effect of each open command, with its whole time. */
  pending(epoch: number): DeadlineEffect[] {
    return [...this.#open.values()].map(({ seq, deadlineMs }) => ({ kind: 'deadline', epoch, seq, deadlineMs }));
  }

  /** Returns the commands as plain values, by seq. */
  snapshot(refs: SnapshotRefs): OpenCommandSnapshot[] {
    return [...this.#open.values()].map(command => openCommandSnapshot(command, refs));
  }

  /** Loads a snapshot. The table must be empty. */
  load(commands: readonly OpenCommandSnapshot[], refs: SnapshotRefs): void {
    for (const command of commands) this.#add(openCommandOf(command, refs));
  }

  #add(command: OpenCommand): void {
    this.#open.set(command.seq, command);
    const bySender = this.#bySender.get(command.commander) ?? { ids: new Set(), awaited: 0 };
    this.#bySender.set(command.commander, bySender);
    bySender.ids.add(command.id);
    bySender.awaited += command.awaited.size;
    this.#awaited += command.awaited.size;
  }

  #endRecipient(command: OpenCommand, recipient: Member, ending: Ending): Effect[] {
    const rank = command.awaited.get(recipient) ?? 0;
    if (command.awaited.delete(recipient)) this.#countEnded(command);
    command.counts[ending.status] += 1;
    const { status, error } = ending;
    if (status !== 'done') command.missing.push({ member: recipient, rank, status, code: error?.code });
    const ended: Effect = {
      kind: 'recipient-ended',
      to: command.reply === 'each' ? resultRecipient(command) : undefined,
      id: command.id,
      seq: command.seq,
      recipient,
      rank,
      status: ending.status,
      error: ending.error,
      payload: ending.payload,
    };
    return command.awaited.size > 0 ? [ended] : [ended, this.#closeCommand(command)];
  }

  #countEnded({ commander }: OpenCommand): void {
    this.#awaited -= 1;
    const bySender = this.#bySender.get(commander);
    if (bySender !== undefined) bySender.awaited -= 1;
  }

  #closeCommand(command: OpenCommand): Effect {
    this.#open.delete(command.seq);
    const ids = this.#bySender.get(command.commander)?.ids;
    ids?.delete(command.id);
    if (ids?.size === 0) this.#bySender.delete(command.commander);
    return {
      kind: 'outcome',
      to: resultRecipient(command),
      sender: command.sender,
      id: command.id,
      seq: command.seq,
      name: command.name,
      recipients: command.recipients,
      counts: command.counts,
      missing: command.missing.sort((a, b) => a.rank - b.rank).slice(0, this.#missingMax),
    };
  }
}

/** Returns the session that sent the command, if its sender still uses that session (R-CMD-8). */
function resultRecipient(command: OpenCommand): SessionId | undefined {
  return sessionOf(command.commander) === command.session ? command.session : undefined;
}

/** A command without an outcome. `acceptedAt` is a wall time in milliseconds since 1970, which only servers of release 0.1 read. */
export interface OpenCommand {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly commander: Commander;
  readonly sender: CommandSender;
  /** The session that sent the command. A later session of the same member receives no results of it (R-CMD-8). */
  readonly session: SessionId;
  readonly reply: Exclude<Reply, 'none'>;
  readonly acceptedAt: number;
  readonly deadlineMs: number;
  readonly recipients: number;
  /** The recipients whose results are awaited, with their ranks when the command was accepted. */
  readonly awaited: Map<Member, number>;
  readonly missing: MissingRecipient[];
  readonly counts: Record<EndedStatus, number>;
}

/** Returns an open command as plain values. `refs` numbers the members. */
export function openCommandSnapshot(command: OpenCommand, refs: SnapshotRefs): OpenCommandSnapshot {
  const { seq, id, name, session, reply, acceptedAt, deadlineMs, recipients, counts } = command;
  return {
    seq,
    id,
    name,
    commander: refs.numberOf(command.commander),
    rank: command.sender.rank,
    session,
    reply,
    acceptedAt,
    deadlineMs,
    recipients,
    awaited: [...command.awaited].map(([member, rank]) => [refs.numberOf(member), rank]),
    missing: command.missing.map(({ member, ...how }) => ({ member: refs.numberOf(member), ...how })),
    counts: { ...counts },
  };
}

/**
 * Restores an open command from a snapshot.
 * @throws InvariantError if the snapshot refers to a member that it does not contain.
 */
export function openCommandOf(snapshot: OpenCommandSnapshot, refs: SnapshotRefs): OpenCommand {
  const { rank: senderRank, ...command } = snapshot;
  const commander = refs.commander(snapshot.commander);
  return {
    ...command,
    commander,
    sender: { id: commander.id, name: commander.name, rank: senderRank },
    awaited: new Map(snapshot.awaited.map(([member, rank]) => [refs.member(member), rank])),
    missing: snapshot.missing.map(({ member, rank, status, code }) => ({
      member: refs.member(member),
      rank,
      status,
      code,
    })),
    counts: { ...snapshot.counts },
  };
}
