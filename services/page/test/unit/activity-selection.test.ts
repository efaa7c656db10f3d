import { expect, it } from '@jest/globals';
import { ACTIVITIES_MAX, type ActivityLog } from '../../src/model/activity-log.js';
import { selectActivities } from '../../src/model/activity-selection.js';
import { applyEvents, unknownGroup } from '../../src/model/group-model.js';
import type { StreamEvent } from '../../src/model/stream-event.js';
import { rosterEvent, viewEvent } from './events.js';

const command = (seq: number): StreamEvent => {
  const sender = { name: 'print', from: 'ann', rank: 0, recipients: 2, refused: 0 };
  return { event: 'command', seq, ...sender };
};

function logOf(...events: readonly StreamEvent[]): ActivityLog {
  const model = applyEvents(unknownGroup, [rosterEvent(1, 'ann', 'bob', 'cleo'), ...events], 0);
  if (model === undefined) throw new Error('out of step');
  return model.activity;
}

const promotion = viewEvent(2, 'left', 'ann', 0);
const joins = (count: number): StreamEvent[] =>
  Array.from({ length: count }, (_, index) => viewEvent(3 + index, 'joined', `new-${index}`, 2 + index));
const namesOf = (activities: readonly { kind: string; name: string }[]): string[] =>
  activities.map(({ kind, name }) => `${kind} ${name}`);

it('commands do not displace the newest rank changes, and each activity is listed once', () => {
  const log = logOf(promotion, ...Array.from({ length: 3 * ACTIVITIES_MAX }, (_, seq) => command(seq)));
  const { pinned, others } = selectActivities(log, 'all');
  expect(namesOf(pinned)).toEqual(['promoted bob', 'left ann']);
  expect(others).toHaveLength(ACTIVITIES_MAX);
  expect(others.every(({ kind }) => kind === 'command')).toBe(true);
});

it('the newest promotion to the lead stays, however many members join after it', () => {
  const log = logOf(promotion, ...joins(10), command(1));
  const { pinned, others } = selectActivities(log, 'all');
  expect(namesOf(pinned)).toEqual(['joined new-9', 'joined new-8', 'joined new-7', 'promoted bob']);
  expect(namesOf(others).slice(0, 2)).toEqual(['command print', 'joined new-6']);
  expect(new Set([...pinned, ...others].map(({ number }) => number)).size).toBe(13);
});

it('nothing is pinned if only one kind is listed, or no command', () => {
  const log = logOf(promotion, command(1));
  expect(selectActivities(log, 'ranks')).toEqual({ pinned: [], others: log.ranks });
  expect(selectActivities(log, 'commands')).toEqual({ pinned: [], others: log.commands });
  expect(namesOf(selectActivities(logOf(promotion, ...joins(5)), 'all').pinned)).toEqual([]);
});
