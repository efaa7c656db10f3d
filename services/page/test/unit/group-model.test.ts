import { describe, expect, it } from '@jest/globals';
import { applyEvents, unknownGroup, type GroupModel } from '../../src/model/group-model.js';
import { ACTIVITIES_MAX } from '../../src/model/activity-log.js';
import { SAMPLES_MAX } from '../../src/model/activity-samples.js';
import type { StreamEvent } from '../../src/model/stream-event.js';
import { AT, pulseEvent, rosterEvent, viewEvent } from './events.js';

const NOW_MS = Date.parse(AT);

function after(model: GroupModel, ...events: readonly StreamEvent[]): GroupModel {
  const next = applyEvents(model, events, NOW_MS);
  if (next === undefined) throw new Error('out of step');
  return next;
}

const begun = after(unknownGroup, rosterEvent(3, 'ann', 'bob', 'cleo'), pulseEvent(1, 2));

const command = (seq: number): StreamEvent => ({
  event: 'command',
  seq,
  name: 'print',
  from: 'ann',
  rank: 0,
  recipients: 2,
  refused: 0,
});
const outcome = (seq: number): StreamEvent => {
  const others = { failed: 0, refused: 0, expired: 0, left: 1 };
  return { event: 'outcome', seq, recipients: 2, done: 1, ...others, ms: 4 };
};

describe('the activity of a group', () => {
  it('is empty while the roster arrives', () => {
    expect(begun.activity).toEqual({ ranks: [], commands: [] });
  });

  it('has a departure of the leader with its cause, and the new leader', () => {
    const { ranks } = after(begun, viewEvent(4, 'left', 'ann', 0)).activity;
    expect(ranks).toEqual([
      expect.objectContaining({ kind: 'promoted', name: 'bob', rank: 0, others: 1 }),
      { kind: 'left', name: 'ann', rank: 0, reason: 'connection closed', number: 1, atMs: NOW_MS },
    ]);
  });

  it('has a move by an administrator, and the new leader', () => {
    const down = after(begun, viewEvent(4, 'moved', 'ann', 2));
    const up = after(begun, viewEvent(4, 'moved', 'cleo', 0));
    const neither = after(begun, viewEvent(4, 'moved', 'cleo', 1));
    const told = [down, up, neither].map(({ activity: activityLog }) =>
      activityLog.ranks.map(({ kind, name }) => [kind, name]),
    );
    expect(told).toEqual([
      [
        ['promoted', 'bob'],
        ['moved', 'ann'],
      ],
      [
        ['promoted', 'cleo'],
        ['moved', 'cleo'],
      ],
      [['moved', 'cleo']],
    ]);
  });

  it('has no promotion if the last member leaves', () => {
    const { ranks } = after(begun, viewEvent(4, 'left', 'cleo', 2)).activity;
    expect(ranks.map(({ kind }) => kind)).toEqual(['left']);
  });

  it('has a command once, with its outcome, which may arrive in any batch', () => {
    const sent = after(begun, command(7), command(8), outcome(7));
    const ended = after(sent, outcome(8));
    expect(sent.activity.commands).toEqual([
      expect.objectContaining({ seq: 8, outcome: undefined }),
      expect.objectContaining({ seq: 7, outcome: expect.objectContaining({ done: 1, left: 1 }) }),
    ]);
    expect(ended.activity.commands[0]).toMatchObject({ seq: 8, number: 2, outcome: { done: 1 } });
  });

  it('has refused commands', () => {
    const refused = { event: 'refused', name: 'print', from: 'cleo', rank: 2, code: 'OUTRANKED' } as const;
    expect(after(begun, refused).activity.commands).toEqual([
      { kind: 'refused', name: 'print', from: 'cleo', rank: 2, code: 'OUTRANKED', number: 1, atMs: NOW_MS },
    ]);
  });

  it('has a limit, and commands do not displace promotions', () => {
    const promoted = after(begun, viewEvent(4, 'left', 'ann', 0));
    const many = Array.from({ length: 10 * ACTIVITIES_MAX }, (_, seq) => command(seq));
    const { ranks, commands } = after(promoted, ...many).activity;
    expect(commands.map(each => each.kind === 'command' && each.seq)).toEqual(
      Array.from({ length: ACTIVITIES_MAX }, (_, index) => 10 * ACTIVITIES_MAX - 1 - index),
    );
    expect(ranks).toEqual(promoted.activity.ranks);
  });
});

describe('the samples of a group', () => {
  it('begin with those of the server, grow with each event, and cover five minutes', () => {
    let model = begun;
    expect(model.pulse?.samples.map(({ commands }) => commands)).toEqual([1, 2]);
    for (let count = 3; count < SAMPLES_MAX + 10; count += 1) model = after(model, pulseEvent(count));
    const counts = model.pulse?.samples.map(({ commands }) => commands) ?? [];
    expect([counts.length, counts.at(-1)]).toEqual([SAMPLES_MAX, SAMPLES_MAX + 9]);
  });

  it('are zero while the group has no member', () => {
    expect(after(begun, pulseEvent()).pulse?.samples.at(-1)).toEqual({ at: AT, commands: 0, refused: 0, size: 0 });
  });

  it('begin again after a reconnect', () => {
    expect(after(begun, rosterEvent(9, 'bob'), pulseEvent(5)).pulse?.samples).toHaveLength(1);
  });

  it("include the difference to the server's clock", () => {
    const behind = applyEvents(unknownGroup, [rosterEvent(1, 'ann'), pulseEvent(1)], NOW_MS - 90_000);
    expect(behind?.pulse?.aheadMs).toBe(90_000);
  });
});

it('a new roster repairs a group that has missed a change', () => {
  const model = after(begun, viewEvent(9, 'left', 'ann', 0), rosterEvent(12, 'zoe'), viewEvent(13, 'joined', 'yan', 1));
  expect(model.roster.members.map(({ name }) => name)).toEqual(['zoe', 'yan']);
});

it('a group that has missed a change has no model', () => {
  expect(applyEvents(begun, [viewEvent(9, 'left', 'ann', 0)], NOW_MS)).toBeUndefined();
});
