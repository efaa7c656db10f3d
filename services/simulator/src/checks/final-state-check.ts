import type { Group } from 'rankd/dist/core/index.js';
import type { ModelClient } from '../participants/model-client.js';
import { Violation } from '../violation.js';

/**
 * Checks the final state of a group (I11): every member is present and knows its rank. A member that asked for the size knows the size
 * (R-JOIN-1). No other client has a rank. Only rank 0 leads.
 * @throws Violation
 */
export function checkFinalState(group: Group | undefined, clients: Iterable<ModelClient>): void {
  const all = [...clients];
  const seated = new Map(all.flatMap(({ seat }) => (seat === undefined ? [] : [[seat.welcome.member, seat]])));
  const members = group?.roster.slice() ?? [];
  const knowsSize = new Set(
    all.flatMap(({ seat, updates }) => (updates === 'rank' ? [] : (seat?.welcome.member ?? []))),
  );
  for (const [rank, { id, presence }] of members.entries()) {
    const seat = seated.get(id);
    if (presence.kind !== 'present' || seat === undefined)
      throw new Violation('I11', `${id} has rank ${rank} and has no client`);
    if (knowsSize.has(id) && seat.size !== members.length)
      throw new Violation('I11', `the client of ${id} has the size ${seat.size}, of ${members.length} members`);
    if (seat.rank !== rank || seat.leader.member !== members[0]?.id)
      throw new Violation(
        'I11',
        `${id} has rank ${rank}; its client has rank ${seat.rank} and the leader ${seat.leader.member}`,
      );
  }
  if (seated.size !== members.length)
    throw new Violation('I11', `${seated.size} are seated, of ${members.length} members`);
  const leaders = all.filter(({ fence }) => fence !== undefined).length;
  if (leaders !== Math.min(1, members.length)) throw new Violation('I11', `${leaders} lead ${members.length} members`);
}
