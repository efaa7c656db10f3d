import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RosterDraft, rosterOf, type Roster } from '../../src/model/roster-model.js';
import type { ViewEvent } from '../../src/model/stream-event.js';
import { memberRow, rosterEvent, viewEvent } from './events.js';

const three = rosterOf(rosterEvent(3, 'ann', 'bob', 'cleo'));

function after(roster: Roster, ...changes: readonly ViewEvent[]): Roster {
  const draft = new RosterDraft(roster);
  for (const change of changes) expect(draft.apply(change)).toBe('applied');
  return draft.finish();
}

const namesOf = ({ members }: Roster): string[] => members.map(({ name }) => name);

describe('a roster', () => {
  it('closes the gap of a departure, and records the member and its rank', () => {
    const next = after(three, viewEvent(4, 'left', 'ann', 0));
    expect(namesOf(next)).toEqual(['bob', 'cleo']);
    expect(next.departures.map(({ member, rank }) => [member.name, rank])).toEqual([['ann', 0]]);
    expect(next.view).toBe(4);
    expect(namesOf(three)).toEqual(['ann', 'bob', 'cleo']);
  });

  it('adds a newcomer at the end, and moves a member to its new rank', () => {
    const next = after(three, viewEvent(4, 'joined', 'dora', 3), viewEvent(5, 'moved', 'dora', 1));
    expect(namesOf(next)).toEqual(['ann', 'dora', 'bob', 'cleo']);
    expect(namesOf(after(next, viewEvent(6, 'moved', 'ann', 3)))).toEqual(['dora', 'bob', 'cleo', 'ann']);
  });

  it('keeps the place of an away member, and its new fields when it is back', () => {
    const away = after(three, viewEvent(4, 'away', 'bob', 1));
    expect(away.members[1]).toMatchObject({ name: 'bob', state: 'away' });
    const back = { ...viewEvent(5, 'resumed', 'bob', 1), resumed: memberRow('bob', 1, { address: '10.0.0.9:1' }) };
    expect(after(away, back).members[1]).toMatchObject({ name: 'bob', state: 'present', address: '10.0.0.9:1' });
  });

  it('starts again in a new epoch', () => {
    const next = after(three, viewEvent(1, 'joined', 'zoe', 0, 2));
    expect([next.epoch, next.view, namesOf(next)]).toEqual([2, 1, ['zoe']]);
  });

  it('is not changed by an event that it has already applied', () => {
    const draft = new RosterDraft(three);
    expect(draft.apply(viewEvent(3, 'joined', 'cleo', 2))).toBe('known');
    expect(draft.apply(viewEvent(9, 'left', 'ann', 0, 0))).toBe('known');
    expect(namesOf(draft.finish())).toEqual(['ann', 'bob', 'cleo']);
  });

  it.each([
    ['a view after a gap', viewEvent(5, 'left', 'ann', 0)],
    ['a later view of a new epoch', viewEvent(2, 'left', 'ann', 0, 2)],
    ['an unknown member', viewEvent(4, 'left', 'nobody', 0)],
    ['a rank after a gap', viewEvent(4, 'joined', 'dora', 4)],
  ])('is out of step at %s', (_what, change) => {
    expect(new RosterDraft(three).apply(change)).toBe('out of step');
  });

  it('is the same as a plain list after any events', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('joined', 'left', 'moved'), fc.nat(), fc.nat())), steps => {
        const draft = new RosterDraft(three);
        let names = ['ann', 'bob', 'cleo'];
        let view = 3;
        for (const [kind, first, second] of steps) {
          const name = kind === 'joined' ? `new-${view}` : names[first % Math.max(names.length, 1)];
          if (name === undefined) continue;
          const others = names.filter(each => each !== name);
          const to = second % names.length;
          const rank = kind === 'joined' ? names.length : kind === 'left' ? names.indexOf(name) : to;
          if (kind === 'left') names = others;
          else if (kind === 'joined') names = [...names, name];
          else names = [...others.slice(0, to), name, ...others.slice(to)];
          view += 1;
          expect(draft.apply(viewEvent(view, kind, name, rank))).toBe('applied');
        }
        expect(namesOf(draft.finish())).toEqual(names);
      }),
    );
  });
});
