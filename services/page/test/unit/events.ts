/** Events as the server sends them. The id of a member is its name. */

import type { RosterMember } from '@rankd/protocol';
import type { StreamEvent } from '../../src/model/stream-event.js';

type ViewOf = Extract<StreamEvent, { event: 'view' }>;

/** Returns a member of a roster. */
export function memberRow(name: string, rank: number, own: Partial<RosterMember> = {}): RosterMember {
  const address = `10.0.0.1:${rank}`;
  return { rank, member: name, name, slot: rank, tags: {}, address, joinedAt: AT, state: 'present', ...own };
}

/** The time of every event. */
export const AT = '2026-11-23T10:00:00.000Z';

/** Returns a roster event with these members, by rank. */
export function rosterEvent(view: number, ...names: readonly string[]): Extract<StreamEvent, { event: 'roster' }> {
  return { event: 'roster', epoch: 1, view, members: names.map((name, rank) => memberRow(name, rank)) };
}

/** Returns a view event. */
export function viewEvent(view: number, kind: ViewOf['cause']['kind'], name: string, rank: number, epoch = 1): ViewOf {
  const cause = { kind, member: name, name, rank, ...(kind === 'left' || kind === 'away' ? { reason: 'CLOSED' } : {}) };
  const row = kind === 'joined' || kind === 'resumed' ? { [kind]: memberRow(name, rank) } : {};
  return { event: 'view', epoch, view, at: AT, cause, ...row };
}

/** Returns a pulse event with these numbers of commands as its samples. */
export function pulseEvent(...commands: readonly number[]): Extract<StreamEvent, { event: 'pulse' }> {
  const samples = commands.map(count => ({ at: AT, commands: count, refused: 0, size: 1 }));
  const capacity = { waiting: 0, waitlistMax: 0, membersMax: 100 };
  return { event: 'pulse', at: AT, everyMs: 2000, samples, ...capacity, state: 'accepting', mirror: { state: 'none' } };
}
