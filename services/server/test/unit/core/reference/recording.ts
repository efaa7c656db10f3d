import fc from 'fast-check';
import { Coordinator, type CoordinatorSnapshot, type Entry, type Member } from '../../../../src/core/index.js';
import { applyPlainly, plainEffect, type PlainEffect } from './plain-effect.js';
import { EPOCH_LAST, Script, SCRIPT_RULES } from './random-script.js';
import { script, type Step } from './random-steps.js';

/**
 * Random scripts, recorded as one coordinator applied them. A test compares them with a coordinator from a snapshot.
 */

export interface Moment {
  readonly entry: Entry;
  readonly effects: readonly PlainEffect[];
  readonly sight: string;
  readonly snapshot: string;
}

/** Some scripts start after a restart with an away leader, so that decisions wait for a leader without a session. */
const beginning = fc.constantFrom<Step[]>([], [], [{ kind: 'restored', afterMs: 1, group: 0, slots: [0, 1, 3] }]);

export const course: fc.Arbitrary<Step[]> = fc.tuple(beginning, script).map(steps => steps.flat());

/** The visible state of a member, without its place inside the roster and cached values. */
const memberSight = (member: Member): object => {
  const { id, name, presence, lastCommand, allowance, tags, address, joinedAt, slot, secrets } = member;
  return { id, name, presence, lastCommand, allowance, tags, address, joinedAt, slot, secrets };
};

/** The visible state of a coordinator, without a snapshot of it. */
export function sightOf(coordinator: Coordinator, { at }: Entry): string {
  const groups = [...coordinator.groups.values()].map(group => {
    const { name, epoch, view, seq, leaderView, waiting, commandsOpen, roster } = group;
    const history = group.history.last(SCRIPT_RULES.historyMax).map(({ cause, shifted, ...change }) => {
      const ranks = `${shifted.from} to ${shifted.to}`;
      return { ...change, ranks, cause: { ...cause, member: memberSight(cause.member) } };
    });
    const members = roster.slice().map(memberSight);
    const pending = group.pending(at).map(effect => plainEffect(effect, roster));
    return { name, epoch, view, seq, leaderView, waiting, commandsOpen, members, history, pending };
  });
  return JSON.stringify(groups);
}

export const snapshotOf = (coordinator: Coordinator): string => JSON.stringify(coordinator.snapshot());

export const fromText = (text: string): Coordinator =>
  Coordinator.fromSnapshot(SCRIPT_RULES, JSON.parse(text) as CoordinatorSnapshot);

export function record(steps: readonly Step[]): Moment[] {
  const [coordinator, script] = [new Coordinator(SCRIPT_RULES, EPOCH_LAST), new Script()];
  return steps.flatMap(step => {
    const entry = script.entryFor(step);
    if (entry === undefined) return [];
    const moment = momentAfter(coordinator, entry);
    script.learn(entry, moment.effects);
    return [moment];
  });
}

export function recordEntries(entries: readonly Entry[]): Moment[] {
  const coordinator = new Coordinator(SCRIPT_RULES, EPOCH_LAST);
  return entries.map(entry => momentAfter(coordinator, entry));
}

function momentAfter(coordinator: Coordinator, entry: Entry): Moment {
  const effects = applyPlainly(coordinator, entry);
  return { entry, effects, sight: sightOf(coordinator, entry), snapshot: snapshotOf(coordinator) };
}
