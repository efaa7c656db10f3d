import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assertInvariants, type Entry } from '../../../../src/core/index.js';
import { agree } from '../reference/expect-same.js';
import {
  adminCommand,
  adminGone,
  goodbye,
  joined,
  keptSeat,
  lost,
  restored,
  result,
  resumed,
  sessionNamed,
} from '../reference/entries.js';
import { leaveOut, pathsIn } from '../reference/omit-path.js';
import { applyPlainly } from '../reference/plain-effect.js';
import { EPOCH_LAST } from '../reference/random-script.js';
import { course, fromText, record, recordEntries, sightOf, snapshotOf } from '../reference/recording.js';
import { postsOfEveryState, type Post } from './snapshot-posts.js';
import { STATES } from './snapshot-states.js';

/** Loads the snapshot and checks that it behaves like the recorded coordinator after every later entry. */
function goesOnAlike({ taken, later }: Post): void {
  const coordinator = fromText(taken.snapshot);
  agree(snapshotOf(coordinator), taken.snapshot);
  agree(sightOf(coordinator, taken.entry), taken.sight);
  for (const moment of later) {
    agree(applyPlainly(coordinator, moment.entry), moment.effects);
    agree(snapshotOf(coordinator), moment.snapshot);
  }
  const last = later.at(-1) ?? taken;
  agree(sightOf(coordinator, last.entry), last.sight);
  for (const group of coordinator.groups.values()) assertInvariants(group);
}

/**
 * Whether the coordinator's behavior reveals, without another snapshot, that this snapshot is not the one that was
 * taken.
 */
function shows(text: string, { taken, later }: Post): boolean {
  try {
    const coordinator = fromText(text);
    if (sightOf(coordinator, taken.entry) !== taken.sight) return true;
    const isAlike = later.every(
      ({ entry, effects }) => JSON.stringify(applyPlainly(coordinator, entry)) === JSON.stringify(effects),
    );
    const last = later.at(-1) ?? taken;
    return !isAlike || sightOf(coordinator, last.entry) !== last.sight;
  } catch {
    return true;
  }
}

function isMissed(path: string, post: Post): boolean {
  const { snapshot } = post.taken;
  const without = leaveOut(snapshot, path);
  return without !== snapshot && shows(without, post);
}

/** Random scripts seldom end an administrator's session while a command of that session is open. */
function postOfAdmin(): Post {
  const epoch = EPOCH_LAST + 1;
  const before = [joined('a'), joined('b'), adminCommand(1, { reply: 'each' })];
  const after = [adminGone(), result('a', epoch, 3)];
  const [taken, ...later] = recordEntries([...before, ...after]).slice(before.length - 1);
  if (taken === undefined) throw new Error('nothing was recorded');
  return { taken, later };
}

/** Random scripts seldom show one secret in two sessions of which the second closes and leads. */
function postOfContest(): Post {
  const before = [joined('a'), joined('b'), resumed('a', 'second'), resumed('a', 'third')];
  const after = [lost('a', { session: sessionNamed('third') })];
  const [taken, ...later] = recordEntries([...before, ...after]).slice(before.length - 1);
  if (taken === undefined) throw new Error('nothing was recorded');
  return { taken, later };
}

/** Random scripts seldom start a group in an epoch later than the clock. */
function postOfEpoch(): Post {
  const late = EPOCH_LAST + 5000;
  const [taken, ...later] = recordEntries([joined('a', { at: late }), joined('b', { group: 'blue', at: EPOCH_LAST })]);
  if (taken === undefined) throw new Error('nothing was recorded');
  return { taken, later };
}

/** No random script has a client that has held a later epoch. */
function postOfEpochClaim(): Post {
  const at = EPOCH_LAST + 1000;
  const claim = (id: string, ms: number): Entry => joined(id, { at: at + ms, epochHeld: at + ms - 1 });
  const before = [restored([keptSeat('a', 0)], { at }), claim('b', 10)];
  const [taken, ...later] = recordEntries([...before, goodbye('b'), claim('c', 20)]).slice(before.length - 1);
  if (taken === undefined) throw new Error('nothing was recorded');
  return { taken, later };
}

/**
 * Held decisions are stored as their entries, and the core does not read these fields again. Only release 0.1 reads `acceptedAt`. Without
 * `timekeeper`, servers measure, as they do here. No entry for a group is the start of a server (`startLast`).
 */
const IDLE = [
  ...['kind', 'group', 'at', 'by.id', 'by.name'].map(field => `groups.*.handover.held.*.entry.${field}`),
  'groups.*.commanding.open.*.acceptedAt',
  'timekeeper',
  'startLast',
];

describe('a snapshot of the core', () => {
  let posts: readonly Post[] = [];
  let met: ReadonlySet<string> = new Set();

  beforeAll(() => {
    ({ posts, met } = postsOfEveryState(5));
  });

  it('R-VIEW-3 continues like the original, from any point of a random script', () => {
    const alike = fc.property(course, fc.nat(), (steps, cut) => {
      const recording = record(steps);
      const [taken, ...later] = recording.slice(cut % Math.max(1, recording.length));
      if (taken !== undefined) goesOnAlike({ taken, later });
    });
    fc.assert(alike, { numRuns: 100 });
  });

  it('R-VIEW-3 continues like the original from every kind of state', () => {
    for (const post of posts) goesOnAlike(post);
    expect([...met].sort()).toEqual([...STATES].sort());
  });

  it('R-VIEW-3 has no field whose omission would have no visible effect', () => {
    const all = [...posts, postOfAdmin(), postOfContest(), postOfEpoch(), postOfEpochClaim()];
    expect(all.some(post => shows(post.taken.snapshot, post))).toBe(false);
    const paths = [...new Set(all.flatMap(({ taken }) => pathsIn(taken.snapshot)))];
    const unseen = paths.filter(path => !all.some(post => isMissed(path, post)));
    expect(unseen.sort()).toEqual(IDLE.sort());
    expect(paths.length).toBeGreaterThan(80);
  });
});
