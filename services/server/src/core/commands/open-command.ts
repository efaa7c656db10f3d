import type { EndedStatus, MissingRecipient } from '../effects.js';
import type { Reply } from '../entries.js';
import type { Commander, CommandSender, Member, SessionId } from '../roster/member.js';
import type { OpenCommandSnapshot } from '../snapshot.js';
import type { SnapshotRefs } from './snapshot-refs.js';

/** A command without an outcome. */
export interface OpenCommand {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly commander: Commander;
  readonly sender: CommandSender;
  /** The session that has sent it. A later session of the same member receives nothing about it (R-CMD-8). */
  readonly session: SessionId;
  readonly reply: Exclude<Reply, 'none'>;
  readonly acceptedAt: number;
  readonly deadlineMs: number;
  readonly recipients: number;
  /** The recipients that have not ended, with their ranks when the command was accepted. */
  readonly awaited: Map<Member, number>;
  readonly missing: MissingRecipient[];
  readonly counts: Record<EndedStatus, number>;
}

/** Returns an open command as plain values. */
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
    missing: command.missing.map(({ member, rank, status }) => ({ member: refs.numberOf(member), rank, status })),
    counts: { ...counts },
  };
}

/** Restores an open command from a snapshot. */
export function openCommandOf(snapshot: OpenCommandSnapshot, refs: SnapshotRefs): OpenCommand {
  const { rank: senderRank, ...command } = snapshot;
  const commander = refs.commander(snapshot.commander);
  return {
    ...command,
    commander,
    sender: { id: commander.id, name: commander.name, rank: senderRank },
    awaited: new Map(snapshot.awaited.map(([member, rank]) => [refs.member(member), rank])),
    missing: snapshot.missing.map(({ member, rank, status }) => ({ member: refs.member(member), rank, status })),
    counts: { ...snapshot.counts },
  };
}
