import { beforeEach, describe, expect, it } from '@jest/globals';
import type { History, ObserverEvents, Roster } from '@rankd/client/observer';
import type { Cause } from '@rankd/protocol';
import { ChangeFeed } from '../../../src/events/change-feed.js';
import { formatEvent, type GroupEvent } from '../../../src/events/group-event.js';

type View = ObserverEvents['view'][0];

const at = '2026-11-30T10:00:00.000Z';
const HISTORY_MAX = 1000;
let events: GroupEvent[];
let feed: ChangeFeed;
beforeEach(() => {
  events = [];
  feed = new ChangeFeed(
    event => events.push(event),
    () => at,
    HISTORY_MAX,
  );
});

const rosterOf = (view: number, names: readonly string[], epoch = 70): Roster => ({
  ...{ group: 'g', epoch, view, size: names.length },
  members: names.map((name, rank) => ({
    ...{ rank, member: `m-${name}`, name, slot: rank, tags: {}, address: '', joinedAt: at, state: 'present' },
  })),
});
const causeOf = (kind: Cause['kind'], name: string): Cause => ({ kind, member: `m-${name}`, name });
const viewOf = (view: number, size: number, cause: Cause, more: Partial<View> = {}): View => ({
  ...{ type: 'view', epoch: 70, view, seq: view, size, changes: 1, cause },
  ...more,
});
/** Changes in their order, from a view on. The history has them newest first. */
const historyOf = (first: number, changes: readonly (readonly [Cause, number])[], epoch = 70): History => ({
  ...{ group: 'g', epoch },
  changes: changes.map(([cause, size], index) => ({ seq: 1, view: first + index, at, cause, size })).reverse(),
});
const sentences = (): string[] => events.map(event => formatEvent(event).slice(at.length + 2));

describe('the changes of a group', () => {
  it('are printed with ranks, which the feed computes from the order', () => {
    feed.begin(rosterOf(5, ['ann', 'bob']));
    feed.applyView(viewOf(6, 3, causeOf('joined', 'cid')));
    const moved = { moved: [{ member: 'm-cid', name: 'cid', rank: 0 }] };
    feed.applyView(viewOf(7, 3, causeOf('moved', 'cid'), moved));
    feed.applyView(viewOf(8, 3, causeOf('away', 'bob')));
    feed.applyView(viewOf(9, 3, causeOf('resumed', 'bob')));
    feed.applyView(viewOf(10, 2, { ...causeOf('left', 'cid'), reason: 'CLOSED' }));
    expect(sentences()).toEqual([
      'watching group g from view 5: 2 members, ann leads',
      'cid joined (rank 2 of 3)',
      'cid was moved by an administrator (rank 2 → 0 of 3); cid leads',
      'bob went away (rank 2 of 3)',
      'bob came back (rank 2 of 3)',
      'cid left: connection closed (had rank 0, 2 remain); ann leads',
    ]);
    const ann = { member: 'm-ann', name: 'ann' };
    const left = { event: 'left', epoch: 70, view: 10, reason: 'CLOSED', was: 0, leader: ann, leads: true };
    expect(events.at(-1)).toMatchObject(left);
  });

  it('that one view combines are filled in from the history', () => {
    feed.begin(rosterOf(5, ['ann']));
    expect(feed.applyView(viewOf(8, 2, causeOf('left', 'eve'), { changes: 3 }))).toEqual({ kind: 'history', limit: 3 });
    const changes = [
      [causeOf('joined', 'eve'), 2],
      [causeOf('joined', 'bob'), 3],
      [causeOf('left', 'eve'), 2],
      // This change happened after the view. It is not printed again when its own view comes.
      [causeOf('joined', 'dan'), 3],
    ] as const;
    // More has happened since: the answer does not reach back far enough.
    const short = historyOf(7, changes.slice(1));
    expect(feed.applyHistory(short, 3)).toEqual({ kind: 'history', limit: HISTORY_MAX });
    expect(feed.applyHistory(historyOf(6, changes), HISTORY_MAX)).toEqual({ kind: 'complete' });
    feed.applyView(viewOf(9, 3, causeOf('joined', 'dan')));
    expect(sentences().slice(1)).toEqual([
      'eve joined (rank 1 of 2)',
      'bob joined (rank 2 of 3)',
      'eve left (had rank 1, 2 remain)',
      'dan joined (rank 2 of 3)',
    ]);
    expect(feed.needsRoster).toBe(false);
  });

  it('have no rank while a move is known from the history only, until the next roster', () => {
    feed.begin(rosterOf(5, ['ann', 'bob']));
    feed.applyView(viewOf(7, 3, causeOf('joined', 'cid'), { changes: 2 }));
    feed.applyHistory(
      historyOf(6, [
        [causeOf('moved', 'bob'), 2],
        [causeOf('joined', 'cid'), 3],
      ]),
      2,
    );
    expect(sentences().slice(1)).toEqual([
      'bob was moved by an administrator (rank 1 → ? of 2)',
      'cid joined (rank 2 of 3)',
    ]);
    expect([feed.needsRoster, events.at(-1)]).toEqual([true, expect.objectContaining({ leader: undefined })]);
    // A roster of a later view does not fit.
    feed.applyRoster(rosterOf(8, ['bob', 'ann']));
    expect(feed.needsRoster).toBe(true);
    feed.applyRoster(rosterOf(7, ['bob', 'ann', 'cid']));
    feed.applyView(viewOf(8, 2, causeOf('left', 'bob')));
    expect(sentences().at(-1)).toBe('bob left (had rank 0, 2 remain); ann leads');
  });

  it('of the time between two sessions follow, and those that the server no longer has are counted', () => {
    feed.begin(rosterOf(5, ['ann']));
    expect(feed.begin(rosterOf(2005, ['bob']))).toEqual({ kind: 'history', limit: HISTORY_MAX });
    const kept = Array.from({ length: HISTORY_MAX }, () => [causeOf('away', 'bob'), 1] as const);
    feed.applyHistory(historyOf(1006, kept), HISTORY_MAX);
    expect(sentences()[2]).toBe('1000 changes are missing: views 6 to 1005, which the server no longer has');
    expect(events[2]).toMatchObject({ event: 'missing', count: 1000, afterView: 5, view: 1005 });
    expect([events.length, feed.needsRoster]).toEqual([3 + HISTORY_MAX, true]);
    // No gap: nothing is asked.
    expect(feed.begin(rosterOf(2005, ['bob']))).toEqual({ kind: 'complete' });
  });

  it('of another epoch follow a note that some are missing, but not if the group was empty', () => {
    feed.begin(rosterOf(5, ['ann']));
    feed.begin(rosterOf(2, ['bob', 'cid'], 80));
    feed.applyHistory(
      historyOf(
        1,
        [
          [causeOf('joined', 'bob'), 1],
          [causeOf('joined', 'cid'), 2],
        ],
        80,
      ),
      2,
    );
    expect(sentences().slice(2)).toEqual([
      'changes after view 5 are missing: the order began again, in epoch 80',
      'bob joined (rank 0 of 1)',
      'cid joined (rank 1 of 2)',
    ]);
    feed.applyRoster(rosterOf(2, ['bob', 'cid'], 80));
    feed.applyView(viewOf(3, 1, causeOf('left', 'cid'), { epoch: 80 }));
    feed.applyView(viewOf(4, 0, causeOf('left', 'bob'), { epoch: 80 }));
    feed.applyView(viewOf(1, 1, causeOf('joined', 'dan'), { epoch: 90 }));
    feed.applyHistory(historyOf(1, [[causeOf('joined', 'dan'), 1]], 90), 1);
    expect(sentences().slice(6)).toEqual(['bob left (had rank 0, 0 remain)', 'dan joined (rank 0 of 1); dan leads']);
  });

  it('of a group that ends at once are those of the last view, because its history ends with it', () => {
    feed.begin(rosterOf(5, ['ann', 'bob']));
    const left = ['ann', 'bob'].map(name => ({ member: `m-${name}`, name, reason: 'LEFT' }));
    feed.applyView(viewOf(9, 0, causeOf('left', 'bob'), { changes: 4, left }));
    feed.applyHistory({ group: 'g', epoch: 0, changes: [] }, 4);
    expect(sentences().slice(1)).toEqual([
      '2 changes are missing: views 6 to 7, which the server no longer has',
      'ann left: sent leave (1 remain)',
      'bob left: sent leave (0 remain)',
    ]);
    // The group begins again.
    feed.applyView(viewOf(1, 1, causeOf('joined', 'cid'), { epoch: 71 }));
    feed.applyHistory(historyOf(1, [[causeOf('joined', 'cid'), 1]], 71), 1);
    expect(sentences().at(-1)).toBe('cid joined (rank 0 of 1); cid leads');
  });

  it('of a group that ended between two sessions are missing', () => {
    feed.begin(rosterOf(5, ['ann', 'bob']));
    feed.begin(rosterOf(0, [], 0));
    feed.begin(rosterOf(0, [], 0));
    expect(sentences().slice(1)).toEqual([
      'watching group g from view 0: 0 members',
      'changes after view 5 are missing: all members have left',
      'watching group g from view 0: 0 members',
    ]);
  });
});
