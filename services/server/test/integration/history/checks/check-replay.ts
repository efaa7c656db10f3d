import { Group, type GroupEntry, type Member, type Target } from '../../../../src/core/index.js';
import { adminCommand, command, ofKind, rulesOf } from '../../../unit/core/reference/entries.js';
import { Changing, GRACE_MS } from '../changing.js';
import { placeOf, type Claim } from '../claims.js';
import type { AimedAt, Change, History, Testimony } from '../history.js';

/** A command, as far as any surviving recorder knows it. */
interface KnownCommand {
  readonly from: string;
  readonly target: Target;
}

const UNBOUNDED = rulesOf({
  membersMax: 100_000,
  commandsOpenMax: 1_000_000,
  awaitedMax: 1_000_000_000,
  graceMs: GRACE_MS,
  graceLeaderMs: GRACE_MS,
  reformMs: GRACE_MS,
  suspendMs: 0,
});

function targetOf(to: AimedAt): Target {
  if (typeof to === 'string') return { kind: to };
  return { kind: 'ranks', ranks: to.ranks };
}

/** Applies one epoch again to the core. */
class Replay {
  readonly complaints: string[] = [];
  readonly #group: Group;
  readonly #changing: Changing;
  readonly #claims = new Map<number, Claim[]>();
  readonly #commands = new Map<number, KnownCommand>();
  readonly #changes: ReadonlyMap<number, Change>;
  readonly #epoch: number;
  /**
   * The last seq that was received before the observer asked. All changes up to there are known, so all other entries
   * are commands.
   */
  #untilSeq: number;

  constructor(testimony: Testimony, claims: readonly Claim[], aims: ReadonlyMap<string, AimedAt>) {
    this.#epoch = testimony.epoch;
    this.#untilSeq = Math.max(...testimony.changes.map(({ seq }) => seq));
    this.#group = new Group('default', testimony.epoch, UNBOUNDED);
    this.#changing = new Changing(this.#group);
    this.#changes = new Map(testimony.changes.map(change => [change.seq, change]));
    for (const claim of claims.filter(({ epoch }) => epoch === testimony.epoch)) {
      this.#claims.set(claim.seq, [...(this.#claims.get(claim.seq) ?? []), claim]);
      if (claim.atNs < testimony.askedAtNs) this.#untilSeq = Math.max(this.#untilSeq, claim.seq);
      const to = aims.get(String(claim.frame['args']));
      if (claim.frame.type !== 'command' || to === undefined) continue;
      const { member } = claim.frame['from'] as { member: string };
      this.#commands.set(claim.seq, { from: member, target: targetOf(to) });
    }
  }

  run(): void {
    for (let seq = 1; seq <= this.#untilSeq; seq += 1) this.#live(seq);
  }

  #live(seq: number): void {
    const change = this.#changes.get(seq);
    const known = this.#commands.get(seq);
    const effects = this.#group.apply(this.#entryAt(seq, change, known));
    const [changed] = ofKind(effects, 'roster-changed');
    const [delivery] = ofKind(effects, 'deliver');
    const came = changed ?? delivery;
    if (came?.seq !== seq) this.#complain(seq, `the core gives seq ${came?.seq ?? 'none'}`);
    if (change !== undefined && (changed?.view !== change.view || changed.size !== change.size)) {
      this.#complain(seq, `the core has view ${changed?.view ?? 'none'}, the server ${change.view}`);
    }
    const recipients = (delivery?.ranges ?? []).flatMap(({ from, to }) => this.#group.roster.slice(from, to));
    for (const claim of this.#claims.get(seq) ?? []) this.#judge(claim, recipients, known);
  }

  #entryAt(seq: number, change: Change | undefined, known: KnownCommand | undefined): GroupEntry {
    if (change !== undefined) return this.#changing.entryOf(change);
    const reply = 'none' as const;
    // No surviving recorder has the content of this command.
    if (known === undefined) return adminCommand(seq, { target: { kind: 'all' }, reply });
    return command(known.from, seq, { target: known.target, reply, session: this.#changing.sessionOf(known.from) });
  }

  #judge(claim: Claim, recipients: readonly Member[], known: KnownCommand | undefined): void {
    const { frame, member: id, who, seq } = claim;
    const { roster } = this.#group;
    const member = roster.member(id);
    const differs = (what: string, received: unknown, expected: unknown): void => {
      if (received !== expected)
        this.#complain(seq, `${who} received ${what} ${String(received)}, the core has ${String(expected)}`);
    };
    if (frame.type === 'welcome' || frame.type === 'view') {
      differs('rank', frame['rank'], member === undefined ? 'gone' : roster.rankOf(member));
      differs('size', frame['size'], roster.size);
      differs('leader', (frame['leader'] as { member: string }).member, roster.leader?.id);
    } else if (frame.type === 'command') {
      this.#judgeTold(claim, member);
      if (!recipients.some(recipient => recipient.id === id)) this.#complain(seq, `${who} is no recipient`);
      const { member: from, rank } = frame['from'] as { member: string; rank: number };
      const sender = roster.member(from);
      differs('from.rank', rank, sender === undefined ? 'gone' : roster.rankOf(sender));
    } else {
      if (frame.type === 'receipt') this.#judgeTold(claim, member);
      if (known !== undefined) differs('recipients', frame['recipients'], recipients.length);
    }
  }

  /**
   * R-VIEW-3, R-JOIN-1: a member receives the rank and the size of a view before a command or a receipt of that view. Only a leader that has
   * stopped for a handover receives no size, because each view would permit it to act (R-LEAD-2).
   */
  #judgeTold({ who, seq, frame, told }: Claim, member: Member | undefined): void {
    const { roster } = this.#group;
    const rank = member === undefined ? 'gone' : roster.rankOf(member);
    const complain = (what: string, now: unknown): void => {
      this.#complain(
        seq,
        `${who} received the ${frame.type} when it had received ${what}, the core has ${String(now)}`,
      );
    };
    if (told.rank !== rank) complain(`rank ${String(told.rank)}`, rank);
    if (told.size !== roster.size && (told.mayAct || rank !== 0)) complain(`size ${String(told.size)}`, roster.size);
  }

  #complain(seq: number, what: string): void {
    this.complaints.push(`replay: at ${placeOf({ epoch: this.#epoch, seq })} ${what}`);
  }
}

/** The frames of the server match the effects of the core for the same entries (R-VIEW-1, R-VIEW-2, R-CMD-2). */
export function checkReplay({ recordings, testimonies }: History, claims: readonly Claim[]): string[] {
  const aims = new Map<string, AimedAt>();
  for (const each of recordings) if (each.kind === 'sent') aims.set(each.token, each.to);
  return testimonies.flatMap(testimony => {
    const replay = new Replay(testimony, claims, aims);
    replay.run();
    return replay.complaints;
  });
}
