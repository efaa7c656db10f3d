import type { Roster } from '@rankd/client/observer';
import type { RosterMember } from '@rankd/protocol';
import { NotDone } from './errors.js';
import { emptyGroup } from './output/empty-group.js';

/**
 * Returns the member with this id, otherwise the only member with this name.
 * @throws NotDone NO_SUCH_TARGET; AMBIGUOUS if several members have the name
 */
export function findMember({ group, members }: Roster, wanted: string): RosterMember {
  const byId = members.find(({ member }) => member === wanted);
  if (byId !== undefined) return byId;
  if (members.length === 0) throw new NotDone('NO_SUCH_TARGET', emptyGroup(group));
  const [first, ...others] = members.filter(({ name }) => name === wanted);
  if (first === undefined) {
    throw new NotDone(
      'NO_SUCH_TARGET',
      `group ${group} has no member with the id or name ${wanted}: run rankctl ls for the list`,
    );
  }
  if (others.length === 0) return first;
  const found = [first, ...others].map(({ member, rank }) => `${member} (rank ${rank})`).join(', ');
  throw new NotDone('AMBIGUOUS', `${1 + others.length} members are named ${wanted}: use one of their ids: ${found}`);
}
