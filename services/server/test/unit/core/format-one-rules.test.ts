import { describe, expect, it } from '@jest/globals';
import { formatOne } from '../../../src/cluster/formats/format-one.js';
import {
  Coordinator,
  type Effect,
  type Entry,
  type GraceEndedEntry,
  type GroupLimits,
} from '../../../src/core/index.js';
import {
  AT,
  command,
  graceEnded,
  joined,
  lost,
  moved,
  only,
  restored,
  keptSeat,
  kindsOf,
  resumed,
  rulesOf,
  serverGone,
  stopped,
} from './reference/entries.js';

const HOUR_MS = 3_600_000;
const RULES = { graceMs: 500, graceLeaderMs: 400, graceServerMs: 700, suspendMs: 900, reformMs: 600 };

const ended = (member: string, at: number, own: Partial<GraceEndedEntry> = {}): GraceEndedEntry =>
  graceEnded(member, at, { epoch: AT, ...own });

/** A coordinator in format 1, in which an entry has only the fields that release 0.1 reads. */
const older = (own: Partial<GroupLimits> = {}): Coordinator =>
  new Coordinator(rulesOf({ ...RULES, ...own }), 0, 'entries');
const apply = (coordinator: Coordinator, ...entries: readonly Entry[]): Effect[] =>
  entries.flatMap(entry => {
    const decoded = formatOne.decodeEntry(JSON.parse(formatOne.encodeEntry(entry)));
    if (decoded.kind === 'unreadable') throw new Error(decoded.reason);
    return coordinator.apply(decoded.entry as Entry);
  });
const withMembers = (own: Partial<GroupLimits> = {}): Coordinator => {
  const coordinator = older(own);
  apply(coordinator, joined('a'), joined('b'), joined('c'));
  return coordinator;
};
const leaderOf = (coordinator: Coordinator): string | undefined => coordinator.groups.get('default')?.roster.leader?.id;

describe('R-VIEW-4 in format 1 a grace period', () => {
  it.each([
    ['a lost member', lost('b'), 'b', RULES.graceMs],
    ['a lost leader with any lease', lost('a', { mayActMs: 900 }), 'a', RULES.graceLeaderMs],
    ['a leader whose server is lost', serverGone('session-of-a'), 'a', RULES.suspendMs],
  ])('of %s is measured by the wall times of entries, as release 0.1 does', (_, entry, member, graceMs) => {
    const coordinator = withMembers();
    const session = 'session-of-a/1';
    if (entry.kind === 'server-gone') apply(coordinator, resumedIn(session));
    expect(only(coordinator.apply(entry), 'grace')).toMatchObject({ absence: undefined, ms: graceMs });
    const early = apply(coordinator, ended(member, AT + graceMs - 1));
    expect(only(early, 'grace')).toMatchObject({ ms: 1 });
    expect(kindsOf(apply(coordinator, ended(member, AT + graceMs)))).toContain('departed');
  });

  it('does not end while the clock is set back: format 2 corrects this', () => {
    const coordinator = withMembers();
    apply(coordinator, lost('b'));
    expect(kindsOf(apply(coordinator, ended('b', AT + RULES.graceMs - HOUR_MS)))).toEqual(['grace']);
  });
});

describe('R-LEAD-1 in format 1', () => {
  it('the loss of a connection is a proof that the leader has stopped', () => {
    const coordinator = withMembers();
    apply(coordinator, lost('a', { mayActMs: 900 }), moved('ask', 'b', 0));
    expect(leaderOf(coordinator)).toBe('b');
  });

  it('each answer to the last request is a proof, also a close', () => {
    const coordinator = withMembers();
    apply(coordinator, moved('ask', 'b', 0), stopped('a', { epoch: AT, evidence: 'closed' }));
    expect(leaderOf(coordinator)).toBe('b');
  });

  it('a request to an away leader waits for the rest of its time', () => {
    const coordinator = older();
    apply(coordinator, restored([keptSeat('a', 0), keptSeat('b', 1)]));
    const ask = only(apply(coordinator, moved('ask', 'b', 0, { at: AT + 300 })), 'ask-to-stop');
    expect(ask).toMatchObject({ absence: undefined, waitMs: 600 });
    expect(only(coordinator.pendingTimers(AT + 500)[0]?.effects ?? [], 'ask-to-stop').waitMs).toBe(400);
  });

  it('decisions about an away leader are applied after its departure', () => {
    const coordinator = older({ membersMax: 2 });
    apply(coordinator, restored([keptSeat('a', 0), keptSeat('b', 1)]), moved('ask', 'b', 0));
    const kinds = kindsOf(apply(coordinator, ended('a', AT + RULES.suspendMs)));
    expect(kinds.indexOf('departed')).toBeLessThan(kinds.indexOf('admin-receipt'));
  });
});

describe('a snapshot in format 1', () => {
  it('has the fields that release 0.1 reads, and continues with its rules', () => {
    const coordinator = withMembers();
    apply(coordinator, lost('b'), command('a', 1));
    const text = JSON.stringify(formatOne.encodeGroups(coordinator.snapshot()));
    expect(text).toContain(`"presence":{"kind":"away","since":${AT},"because":"lost"}`);
    expect(text).toContain(`"acceptedAt":${AT}`);
    expect(text).not.toMatch(/absence|timekeeper|afterHelloMs/);
    const taken = Coordinator.fromSnapshot(coordinator.limits, formatOne.decodeGroups(JSON.parse(text)));
    expect(taken.snapshot()).toEqual(coordinator.snapshot());
    expect(only(taken.pendingTimers(AT + 200)[0]?.effects ?? [], 'grace').ms).toBe(RULES.graceMs - 200);
  });
});

describe('the change to format 2', () => {
  it('numbers the absences and begins them again, once', () => {
    const coordinator = withMembers();
    apply(coordinator, lost('a'), lost('c'));
    const effects = coordinator.adoptServerClocks(AT + HOUR_MS).flatMap(each => each.effects);
    expect(effects).toMatchObject([
      { kind: 'grace', member: { id: 'a' }, absence: 1, ms: RULES.suspendMs },
      { kind: 'grace', member: { id: 'c' }, absence: 2, ms: RULES.graceMs },
    ]);
    expect(coordinator.adoptServerClocks(AT)).toEqual([]);
  });

  it('keeps the proof of a close if there is no grace period for leaders', () => {
    const coordinator = withMembers({ graceLeaderMs: 0 });
    apply(coordinator, lost('c'), joined('d'));
    coordinator.adoptServerClocks(AT);
    const away = coordinator.groups.get('default')?.roster.member('c')?.presence;
    expect(away).toEqual({ kind: 'away', because: 'lost', absence: 1, mayActMs: 0 });
  });

  it('makes earlier claims void: an entry of format 1 names no absence, and an earlier answer not the last request', () => {
    const coordinator = withMembers();
    apply(coordinator, lost('c'), moved('ask', 'b', 0));
    const effects = coordinator.adoptServerClocks(AT).flatMap(each => each.effects);
    expect(only(effects, 'ask-to-stop')).toMatchObject({ member: { id: 'a' }, ask: 2 });
    expect(apply(coordinator, ended('c', AT + HOUR_MS), stopped('a', { epoch: AT, ask: 1 }))).toEqual([]);
    coordinator.apply(ended('c', AT, { ms: RULES.graceMs }));
    coordinator.apply(stopped('a', { epoch: AT, ask: 2 }));
    expect(
      coordinator.groups
        .get('default')
        ?.roster.slice()
        .map(({ id }) => id),
    ).toEqual(['b', 'a']);
  });

  it('takes a departure of format 1 as one of a leader that may act for suspendMs', () => {
    const coordinator = withMembers();
    coordinator.adoptServerClocks(AT);
    expect(only(apply(coordinator, lost('a', { mayActMs: 10 })), 'grace').ms).toBe(RULES.suspendMs);
  });
});

/** Member `a` in a session whose server is `session-of-a`. */
function resumedIn(session: string): Entry {
  const entry = resumed('a', 'x');
  return { ...entry, newcomer: { ...entry.newcomer, session } };
}
