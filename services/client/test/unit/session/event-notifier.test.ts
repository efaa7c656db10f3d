import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { MembershipEvents } from '../../../src/events.js';
import { EventNotifier } from '../../../src/session/event-notifier.js';
import { viewOf, welcomeOf } from '../messages.js';

function createFixture(): { readonly notifier: EventNotifier; readonly emitted: unknown[] } {
  const listeners = new EventEmitter<MembershipEvents>();
  const emitted: unknown[] = [];
  listeners.on('joined', ({ rank, resumed }) => emitted.push(['joined', rank, resumed]));
  listeners.on('size', ({ was, size }) => emitted.push(['size', was, size]));
  listeners.on('rank', ({ was, rank, cause }) => emitted.push(['rank', was, rank, cause.kind]));
  listeners.on('suspended', ({ rank, because }) => emitted.push(['suspended', rank, because]));
  listeners.on('acting', ({ rank }) => emitted.push(['acting', rank]));
  return { notifier: new EventNotifier(listeners, 'rank'), emitted };
}

describe('the events of a member', () => {
  it('report the first seat only by `joined`', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 2 }));
    notifier.emitChanges(2, undefined);
    expect(emitted).toEqual([['joined', 2, false]]);
  });

  it('R-VIEW-2 report each change of the rank, with the rank of the event before', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 2 }));
    for (const rank of [1, 0]) {
      notifier.recordView(viewOf({ rank }));
      notifier.emitChanges(rank, undefined);
      notifier.emitChanges(rank, undefined);
    }
    expect(emitted.slice(1)).toEqual([
      ['rank', 2, 1, 'left'],
      ['rank', 1, 0, 'left'],
    ]);
  });

  it('R-LEAD-3 report no rank while the member is suspended: only the last one, when it acts again', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 2 }));
    notifier.emitChanges(2, 'silence');
    for (const rank of [1, 0]) {
      notifier.recordView(viewOf({ rank }));
      notifier.emitChanges(rank, 'silence');
    }
    expect(emitted.slice(1)).toEqual([['suspended', 2, 'silence']]);
    notifier.emitChanges(0, undefined);
    expect(emitted.slice(2)).toEqual([
      ['acting', 0],
      ['rank', 2, 0, 'left'],
    ]);
  });

  it('R-LEAD-2 report no change of rank if a view only ends a yield', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 0 }));
    notifier.emitChanges(0, 'yield');
    notifier.recordView(viewOf({ rank: 0, changes: 0 }));
    notifier.emitChanges(0, undefined);
    expect(emitted.slice(1)).toEqual([
      ['suspended', 0, 'yield'],
      ['acting', 0],
    ]);
  });

  it.each([
    ['the same seat and the same rank', { rank: 2, resumed: true }, []],
    ['the same seat and another rank', { rank: 1, resumed: true }, [['rank', 2, 1, 'resumed']]],
    ['another seat, with any rank', { rank: 2, resumed: false }, [['rank', 2, 2, 'joined']]],
  ])('report a rank after a later session if it has changed: %s', (_what, welcome, told) => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 2 }));
    notifier.emitChanges(2, undefined);
    notifier.recordSessionEnd();
    notifier.emitJoined(welcomeOf(welcome));
    notifier.emitChanges(welcome.rank, undefined);
    expect(emitted.slice(1)).toEqual([['joined', welcome.rank, welcome.resumed], ...told]);
  });

  it('drop changes of an earlier session that were not emitted', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 2 }));
    notifier.recordView(viewOf({ rank: 0 }));
    notifier.emitChanges(0, 'silence');
    notifier.recordSessionEnd();
    notifier.emitJoined(welcomeOf({ rank: 2, resumed: true }));
    notifier.emitChanges(2, undefined);
    expect(emitted.slice(1)).toEqual([
      ['suspended', 0, 'silence'],
      ['joined', 2, true],
    ]);
  });

  it('R-LEAD-3 report no rank of a seat whose lease expired before its welcome was read', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 2 }));
    notifier.recordSessionEnd();
    notifier.emitJoined(welcomeOf({ rank: 0, resumed: true }));
    notifier.emitChanges(0, 'silence');
    expect(emitted.slice(1)).toEqual([
      ['joined', 0, true],
      ['suspended', 0, 'silence'],
    ]);
  });

  it('report each size once, after the rank, also while the member is suspended', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 2, size: 3 }));
    notifier.recordView(viewOf({ rank: 1, size: 2 }));
    notifier.emitChanges(1, undefined);
    notifier.emitChanges(1, 'silence');
    notifier.recordView(viewOf({ rank: 0, size: 1 }));
    notifier.emitChanges(0, 'silence');
    notifier.emitChanges(0, 'silence');
    expect(emitted.slice(1)).toEqual([
      ['rank', 2, 1, 'left'],
      ['size', 3, 2],
      ['suspended', 1, 'silence'],
      ['size', 2, 1],
    ]);
  });

  it('report a size that a view has changed and changed back before it was emitted not at all', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 0, size: 3 }));
    for (const size of [4, 3]) notifier.recordView(viewOf({ rank: 0, size, leader: welcomeOf().leader }));
    notifier.emitChanges(0, undefined);
    expect(emitted.slice(1)).toEqual([]);
  });

  it('report a size after a later session if it has changed', () => {
    const { notifier, emitted } = createFixture();
    notifier.emitJoined(welcomeOf({ rank: 0, size: 3 }));
    notifier.recordSessionEnd();
    for (const size of [3, 5]) {
      notifier.emitJoined(welcomeOf({ rank: 0, size, resumed: true }));
      notifier.emitChanges(0, undefined);
    }
    expect(emitted.slice(1)).toEqual([
      ['joined', 0, true],
      ['joined', 0, true],
      ['size', 3, 5],
    ]);
  });
});
