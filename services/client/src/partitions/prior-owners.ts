import { contenderOf, outweighs, type Contender } from './rendezvous-hash.js';
import type { Listed } from './roster-replica.js';

/** `settled`: when this member was admitted, whatever the elder had taken over before was all its own. */
interface Elder {
  readonly contender: Contender;
  readonly settled: boolean;
  presence: 'there' | 'stopped';
}

/**
 * Those who were members when this one was admitted. They alone can still hold what it has now: from its admission on only
 * heavier members can have been given a partition that is its own today, and none of those is there any more.
 */
export class PriorOwners {
  /** From then on none of them holds anything of this member's. */
  readonly untilMs: number;
  readonly #all: ReadonlyMap<string, Elder>;

  /** `lastsMs`: how long after it has to give a partition up an elder may still hold it. */
  constructor(listed: readonly Listed[], own: string, admittedAtMs: number, lastsMs: number) {
    const ownJoinedAtMs = listed.find(({ member }) => member === own)?.joinedAtMs ?? Number.POSITIVE_INFINITY;
    const before = listed.filter(({ member, joinedAtMs }) => member !== own && joinedAtMs <= ownJoinedAtMs);
    this.untilMs = admittedAtMs + lastsMs;
    this.#all = new Map(
      before.map(({ member, joinedAtMs }) => {
        const settled = ownJoinedAtMs - joinedAtMs >= lastsMs;
        return [member, { contender: contenderOf(member), settled, presence: 'there' }];
      }),
    );
  }

  /** Returns whether that can make a difference. */
  stopped(member: string): boolean {
    const elder = this.#all.get(member);
    if (elder === undefined) return false;
    elder.presence = 'stopped';
    return true;
  }

  /** May one of them hold this partition of the member's, before `untilMs`? */
  mayHold(partition: number): boolean {
    let heaviest: Elder | undefined;
    let anybodyThere = false;
    for (const elder of this.#all.values()) {
      if (elder.presence === 'there') anybodyThere = true;
      if (heaviest === undefined || outweighs(elder.contender, heaviest.contender, partition)) heaviest = elder;
    }
    if (!anybodyThere || heaviest === undefined) return false;
    return heaviest.presence === 'there' || !heaviest.settled;
  }
}
