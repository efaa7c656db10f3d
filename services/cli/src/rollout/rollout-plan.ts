/** Decides which members a rollout commands next. */

import type { RosterMember } from '@rankd/protocol';

/** The largest number of members that a rollout commands besides those that were there at its start. */
export const NEWCOMERS_MAX = 1000;

/** A member at the moment when the rollout last saw it. */
export type SeenMember = Pick<RosterMember, 'member' | 'name' | 'rank'>;

type Seen = SeenMember & {
  /** `waiting`: not commanded yet. `back`: a member that has executed the command left, and came back as this one. */
  state: 'waiting' | 'done' | 'back';
};

/** What has changed in the group since the plan saw it last. */
export interface RolloutChanges {
  /** The members that joined and are commanded too. */
  readonly joined: readonly SeenMember[];
  /** The members that left before their turn. */
  readonly left: readonly SeenMember[];
  /** The members that take the place of one that has executed the command and left. They are not commanded. */
  readonly back: readonly SeenMember[];
}

/**
 * The plan of a rollout: from the last rank up, the leader last and alone. It knows members by their ids, and reads their ranks again
 * before each batch. A member that restarts for the command comes back as a new member with the same name. The new member counts as the old
 * one, so a rollout of restarts ends.
 */
export class RolloutPlan {
  readonly #members = new Map<string, Seen>();
  /** The members that have executed the command and left, and whose successors are not known yet. */
  readonly #departed: Seen[] = [];
  #newcomers = 0;

  /** @param members the members at the start of the rollout */
  constructor(members: readonly RosterMember[]) {
    for (const member of members) this.#members.set(member.member, { ...seenOf(member), state: 'waiting' });
  }

  /** Whether more members have joined than a rollout commands. */
  get isEndless(): boolean {
    return this.#newcomers > NEWCOMERS_MAX;
  }

  /** The members that have not executed the command, from the last rank up. */
  get waiting(): readonly SeenMember[] {
    const waiting = [...this.#members.values()].filter(({ state }) => state === 'waiting');
    return waiting.sort((one, other) => other.rank - one.rank).map(seenOf);
  }

  /** Reads the group. */
  update(members: readonly RosterMember[]): RolloutChanges {
    const left = this.#removeAbsent(members);
    const [joined, back]: [SeenMember[], SeenMember[]] = [[], []];
    for (const member of members) {
      const known = this.#members.get(member.member);
      if (known !== undefined) known.rank = member.rank;
      else (this.#admit(member) === 'back' ? back : joined).push(seenOf(member));
    }
    return { joined, left, back };
  }

  /** Returns the next members to command, at most `size`. None if all members have executed the command. */
  nextBatch(size: number): readonly SeenMember[] {
    const { waiting } = this;
    const others = waiting.filter(({ rank }) => rank > 0);
    return others.length > 0 ? others.slice(0, size) : waiting;
  }

  /** Records that a member has executed the command. */
  markDone(member: string): void {
    const seen = this.#members.get(member);
    if (seen !== undefined) seen.state = 'done';
  }

  /** Records that a member had left before the command reached it. */
  markLeft(member: string): void {
    this.#members.delete(member);
  }

  #removeAbsent(members: readonly RosterMember[]): SeenMember[] {
    const present = new Set(members.map(({ member }) => member));
    const absent = [...this.#members.values()].filter(({ member }) => !present.has(member));
    for (const seen of absent) {
      this.#members.delete(seen.member);
      if (seen.state !== 'waiting') this.#departed.push(seen);
    }
    return absent.filter(({ state }) => state === 'waiting').map(seenOf);
  }

  #admit(member: RosterMember): Seen['state'] {
    const at = this.#departed.findIndex(departed => isSuccessor(member, departed));
    if (at !== -1) this.#departed.splice(at, 1);
    else this.#newcomers += 1;
    const state = at === -1 ? 'waiting' : 'back';
    this.#members.set(member.member, { ...seenOf(member), state });
    return state;
  }
}

function seenOf({ member, name, rank }: SeenMember): SeenMember {
  return { member, name, rank };
}

function isSuccessor(member: SeenMember, departed: SeenMember): boolean {
  return member.name === departed.name || (hasGeneratedName(member) && hasGeneratedName(departed));
}

/** The server uses the beginning of the id as the name of a member that gives none. */
function hasGeneratedName({ member, name }: SeenMember): boolean {
  return member.startsWith(name);
}
