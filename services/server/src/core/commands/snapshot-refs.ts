/** How a snapshot refers to members and administrators. */

import { InvariantError } from '../invariant-error.js';
import type { Commander, Member } from '../roster/member.js';
import type { CommanderNumber, CommanderSnapshot, SeatSnapshot } from '../snapshot.js';

/**
 * Numbers for the members and administrators to which a group's snapshot refers. The snapshot has one line for each of them, and refers to
 * it by its number. So loading restores exactly one object for each. A member that has left has a line too if an open command or the
 * history refers to it.
 */
export class SnapshotRefs {
  readonly #commanders: Commander[];
  readonly #numbers = new Map<Commander, CommanderNumber>();

  /** `lines` are the commanders of the snapshot that is loaded. Empty if a snapshot is made. */
  constructor(lines: readonly CommanderSnapshot[] = []) {
    this.#commanders = lines.map(commanderOf);
  }

  /** Returns the number of `commander`. The first call allocates the next free one. */
  numberOf(commander: Commander): CommanderNumber {
    const known = this.#numbers.get(commander);
    if (known !== undefined) return known;
    const number = this.#commanders.push(commander) - 1;
    this.#numbers.set(commander, number);
    return number;
  }

  /**
   * Returns the commander with this number.
   * @throws InvariantError if the snapshot does not contain it.
   */
  commander(number: CommanderNumber): Commander {
    const commander = this.#commanders[number];
    if (commander === undefined)
      throw new InvariantError(`the snapshot refers to commander ${number}, which it does not contain`);
    return commander;
  }

  /**
   * Returns the member with this number.
   * @throws InvariantError if the snapshot does not contain it, or if it is an administrator.
   */
  member(number: CommanderNumber): Member {
    const commander = this.commander(number);
    if (!isMember(commander)) throw new InvariantError(`the snapshot refers to commander ${number} as a member`);
    return commander;
  }

  /** Returns the lines of all commanders that have a number. */
  snapshot(): CommanderSnapshot[] {
    return this.#commanders.map(lineOf);
  }
}

function isMember(commander: Commander): commander is Member {
  return 'slot' in commander;
}

function lineOf(commander: Commander): CommanderSnapshot {
  const { id, name, presence, lastCommand, allowance } = commander;
  const line = { id, name, presence, lastCommand, allowance };
  return isMember(commander) ? { ...line, seat: seatOf(commander) } : line;
}

function seatOf({ tags, address, joinedAt, slot, secrets: { current, earlier, isContested } }: Member): SeatSnapshot {
  return { tags, address, joinedAt, slot, secrets: { current, earlier, ...(isContested && { isContested }) } };
}

function commanderOf(line: CommanderSnapshot): Commander {
  return line.seat === undefined ? adminOf(line) : memberOf(line, line.seat);
}

function adminOf({ id, name, presence, lastCommand, allowance }: CommanderSnapshot): Commander {
  return { id, name, presence, lastCommand, sender: undefined, allowance };
}

function memberOf({ id, name, presence, lastCommand, allowance }: CommanderSnapshot, seat: SeatSnapshot): Member {
  const { tags, address, joinedAt, slot, secrets } = seat;
  return {
    id,
    name,
    presence,
    lastCommand,
    sender: undefined,
    allowance,
    tags,
    address,
    joinedAt,
    slot,
    secrets: { current: secrets.current, earlier: secrets.earlier, isContested: secrets.isContested ?? false },
    place: 0,
  };
}
