import type { Roster } from '@rankd/client/observer';
import type { RosterMember } from '@rankd/protocol';
import { NotDone } from './errors.js';

/** The member of this id, or else of this name, which then must be one member's only. @throws NotDone */
export function findMember({ group, members }: Roster, wanted: string): RosterMember {
  const byId = members.find(({ member }) => member === wanted);
  if (byId !== undefined) return byId;
  const [first, ...others] = members.filter(({ name }) => name === wanted);
  if (first === undefined) {
    throw new NotDone(
      'NO_SUCH_TARGET',
      `group ${group} has no member with the id or name ${wanted}: rankctl ls tells who is there`,
    );
  }
  if (others.length === 0) return first;
  const found = [first, ...others].map(({ member, rank }) => `${member} (rank ${rank})`).join(', ');
  throw new NotDone('AMBIGUOUS', `${1 + others.length} members are named ${wanted}: say which by its id: ${found}`);
}
