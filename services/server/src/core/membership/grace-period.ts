import { assertNever } from '../assert-never.js';
import type { Effect } from '../effects.js';
import type { RestoredEntry } from '../entries.js';
import type { AwayBecause, Member } from '../roster/member.js';
import { noRanks, type VersionedRoster } from '../roster/versioned-roster.js';
import type { GroupLimits } from '../group-limits.js';

/** Keeps the places of away members for as long as their grace lasts (R-VIEW-4, R-VIEW-6). */
export class GracePeriods {
  readonly #order: VersionedRoster;
  readonly #rules: GroupLimits;

  constructor(order: VersionedRoster, rules: GroupLimits) {
    this.#order = order;
    this.#rules = rules;
  }

  /** Is the place of `member` kept when its connection is lost? */
  isGivenTo(member: Member): boolean {
    return this.#graceMs(member, 'lost') > 0;
  }

  /** R-VIEW-4: its connection is lost, or its server, and its place is kept. */
  begin(member: Member, because: AwayBecause, reason: string, at: number): Effect[] {
    const { roster } = this.#order;
    roster.setPresence(member, { kind: 'away', since: at, because });
    const changed = this.#order.changed({ kind: 'away', member, rank: roster.rankOf(member), reason }, at, noRanks, 0);
    return [changed, ...this.renew(member, at)];
  }

  /** R-VIEW-6: all of them away, in the order that they had. */
  restore({ seats, at }: RestoredEntry): Effect[] {
    const { roster } = this.#order;
    const effects: Effect[] = [];
    for (const seat of seats) {
      if (roster.member(seat.id) !== undefined) continue;
      const member = roster.restore(seat, at);
      const cause = { kind: 'away', member, rank: roster.size - 1, reason: 'RESTARTED' } as const;
      effects.push(this.#order.changed(cause, at, noRanks, 0), ...this.renew(member, at));
    }
    return effects;
  }

  /** How long an away member may stay away is another once it leads, or leads no more; counted from when it went away. */
  renew(member: Member | undefined, at: number): Effect[] {
    if (member?.presence.kind !== 'away') return [];
    const { since, because } = member.presence;
    const graceMs = Math.max(0, since + this.#graceMs(member, because) - at);
    return [{ kind: 'grace', epoch: this.#order.epoch, member, graceMs }];
  }

  /** False where `member` is not away. */
  isOver(member: Member, at: number): boolean {
    const { presence } = member;
    return presence.kind === 'away' && at - presence.since >= this.#graceMs(member, presence.because);
  }

  /** R-LEAD-1: a leader whose server is no more, or that may sit elsewhere, may act on its rank until it has suspended itself. */
  #graceMs(member: Member, because: AwayBecause): number {
    const { graceMs, graceLeaderMs, reformMs, graceServerMs, suspendMs } = this.#rules;
    const leads = this.#order.roster.leader === member;
    switch (because) {
      case 'lost':
        return leads ? graceLeaderMs : graceMs;
      case 'restart':
        return leads ? Math.max(reformMs, suspendMs) : reformMs;
      case 'server':
      case 'contest':
        return leads ? Math.max(graceServerMs, suspendMs) : graceServerMs;
      default:
        return assertNever(because);
    }
  }

  /** The grace of everyone who is away, by rank, for the time that is left of it. */
  pending(at: number): Effect[] {
    return this.#order.roster.slice().flatMap(member => this.renew(member, at));
  }
}
