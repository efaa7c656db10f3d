import {
  assertInvariants,
  isServedBy,
  type CommandSource,
  type Coordinator,
  type Entry,
  type GroupEntry,
} from '../../../../src/core/index.js';
import { agree } from './expect-same.js';
import type { PlainEffect, PlainEffectOf } from './plain-effect.js';
import { SCRIPT_RULES } from './random-script.js';

/** Rules of protocol.md that hold after every entry. Each rule keeps its own state. */

export interface Standing {
  readonly epoch: number;
  readonly view: number;
  readonly seq: number;
  readonly ids: readonly string[];
  readonly slots: readonly number[];
  /** The sessions by rank; undefined for away members. */
  readonly sessions: readonly (string | undefined)[];
  readonly waiting: readonly string[];
  readonly openCommands: number;
}

export interface Moment {
  readonly entry: Entry;
  readonly effects: readonly PlainEffect[];
  readonly before: ReadonlyMap<string, Standing>;
  readonly after: ReadonlyMap<string, Standing>;
  readonly coordinator: Coordinator;
}

export type Rule = (moment: Moment) => void;

export function standingsOf(coordinator: Coordinator): Map<string, Standing> {
  const standings = new Map<string, Standing>();
  for (const [name, { epoch, view, seq, roster, waiting, commandsOpen }] of coordinator.groups) {
    const members = roster.slice();
    standings.set(name, {
      ...{ epoch, view, seq, waiting, openCommands: commandsOpen },
      ids: members.map(({ id }) => id),
      slots: members.map(({ slot }) => slot),
      sessions: members.map(({ presence }) => (presence.kind === 'present' ? presence.session : undefined)),
    });
  }
  return standings;
}

export const ofKind = <K extends PlainEffect['kind']>(effects: readonly PlainEffect[], kind: K): PlainEffectOf<K>[] =>
  effects.filter((effect): effect is PlainEffectOf<K> => effect.kind === kind);

const NOBODY: Standing = { epoch: 0, view: 0, seq: 0, ids: [], slots: [], sessions: [], waiting: [], openCommands: 0 };

/** Each group with its state before and after the entry. A new group has an empty state before. */
function* changes({ before, after }: Moment): Generator<readonly [Standing, Standing]> {
  for (const [name, now] of after) {
    const then = before.get(name);
    yield [then?.epoch === now.epoch ? then : NOBODY, now];
  }
}

export const ranksAreDense: Rule = ({ coordinator }) => {
  for (const group of coordinator.groups.values()) {
    assertInvariants(group);
    agree(
      group.roster.slice().map(member => group.roster.rankOf(member)),
      [...group.roster.slice().keys()],
    );
  }
};

/** All but the members that were moved. */
export const survivorsKeepTheirOrder: Rule = moment => {
  const movers = ofKind(moment.effects, 'roster-changed').map(({ cause }) =>
    cause.kind === 'moved' ? cause.member : '',
  );
  for (const [then, now] of changes(moment)) {
    const survivors = then.ids.filter(id => now.ids.includes(id) && !movers.includes(id));
    agree(now.ids.filter(id => !movers.includes(id)).slice(0, survivors.length), survivors);
  }
};

/** Members that resume after a restart keep their earlier slots. */
export const newcomersAreLastInTheSmallestFreeSlot: Rule = moment => {
  if (moment.entry.kind === 'restored') return;
  for (const [then, now] of changes(moment)) {
    const added = now.ids.filter(id => !then.ids.includes(id));
    if (added.length === 0) continue;
    const others = now.slots.slice(0, -1);
    const free = [...now.slots.keys()].find(slot => !others.includes(slot));
    agree([added, now.ids.at(-1), now.slots.at(-1)], [added.slice(0, 1), added[0], free]);
  }
};

const stateOf = ({ ids, sessions }: Standing): string =>
  ids.map((id, rank) => `${id} ${sessions[rank] === undefined ? 'away' : 'present'}`).join();

export const viewAndSeqCountWhatChanges: Rule = moment => {
  const accepted = ofKind(moment.effects, 'receipt').filter(({ verdict }) => verdict.kind === 'accepted').length;
  const changed = ofKind(moment.effects, 'roster-changed');
  const own = moment.entry.kind === 'frozen' ? '' : moment.entry.group;
  for (const [name, now] of moment.after) {
    const then = moment.before.get(name);
    const [was, is] = [then?.epoch === now.epoch ? then : NOBODY, now];
    const views = name === own ? changed.map(({ view }) => view) : [];
    agree(
      views,
      views.map((_, index) => was.view + index + 1),
    );
    agree([is.view - was.view, is.seq - was.seq], [views.length, views.length + (name === own ? accepted : 0)]);
    const hasGone = ofKind(moment.effects, 'departed').length > 0;
    if (views.length === 0 && !hasGone) agree(stateOf(is), stateOf(was));
  }
};

export function epochsRise(epochLast: number): Rule {
  const issued = [epochLast];
  return ({ before, after, entry }) => {
    for (const [name, { epoch }] of after) {
      if (before.get(name)?.epoch === epoch) continue;
      agree(epoch > Math.max(...issued), true);
      agree(epoch >= entry.at, true);
      issued.push(epoch);
    }
  };
}

/** R-JOIN-4: keeps its own waitlist. A session leaves it by `waiting-left` or when its server is gone. */
export function firstComeFirstServed(): Rule {
  const lists = new Map<string, string[]>();
  let isFrozen = false;
  return ({ entry, effects, after }) => {
    isFrozen ||= entry.kind === 'frozen';
    if (entry.kind === 'frozen') return;
    const list = lists.get(entry.group) ?? [];
    lists.set(entry.group, list);
    if (entry.kind === 'waiting-left' && list.includes(entry.session)) list.splice(list.indexOf(entry.session), 1);
    if (entry.kind === 'server-gone') {
      const stay = isFrozen ? list : list.filter(session => !isServedBy(session, entry.server));
      list.splice(0, list.length, ...stay);
    }
    for (const { session } of ofKind(effects, 'welcomed')) {
      if (entry.kind === 'joined' && entry.newcomer.session === session) continue;
      agree(session, list.shift());
    }
    const isAsking =
      entry.kind === 'joined' && ofKind(effects, 'waiting').some(each => each.session === entry.newcomer.session);
    if (isAsking) list.push(entry.newcomer.session);
    const now = after.get(entry.group);
    agree(now?.waiting ?? [], list);
    agree(list.length > 0 && (now?.ids.length ?? 0) < SCRIPT_RULES.membersMax, false);
    agree(list.length <= SCRIPT_RULES.waitlistMax, true);
  };
}

interface Absence {
  readonly since: number;
  readonly because: string;
  /** R-LEAD-1: for how long the member may act after that. */
  readonly mayActMs: number;
  /** When the earliest requested timer expires. */
  asksAt: number;
}

function graceOf({ because, mayActMs }: Absence, leads: boolean): number {
  const { graceMs, graceLeaderMs, reformMs, graceServerMs } = SCRIPT_RULES;
  if (because === 'SERVER_LOST' || because === 'REPLACED')
    return leads ? Math.max(graceServerMs, mayActMs) : graceServerMs;
  if (because === 'RESTARTED') return leads ? Math.max(reformMs, mayActMs) : reformMs;
  return leads ? Math.max(graceLeaderMs, mayActMs) : graceMs;
}

/**
 * R-VIEW-4, R-VIEW-6: keeps when each member went away, and checks that a timer expires at the end of its grace period.
 */
export function awayMembersHaveTheirGrace(): Rule {
  const absences = new Map<string, Absence>();
  let isFrozen = false;
  let now = 0;
  return ({ entry, effects, before, after }) => {
    // After that, grace periods do not end.
    isFrozen ||= entry.kind === 'frozen';
    if (entry.kind === 'frozen' || isFrozen) return;
    now = Math.max(now, entry.at);
    const then = before.get(entry.group)?.ids ?? [];
    for (const effect of effects) {
      if (effect.kind === 'roster-changed') noteAbsence(absences, effect, entry);
      const absence = effect.kind === 'grace' ? absences.get(effect.member) : undefined;
      if (effect.kind === 'grace' && absence) absence.asksAt = Math.min(absence.asksAt, absence.since + effect.ms);
      if (effect.kind !== 'departed') continue;
      const away = absences.get(effect.member);
      absences.delete(effect.member);
      if (away === undefined || effect.reason !== 'GRACE_ENDED') continue;
      agree(entry.at - away.since >= graceOf(away, then[0] === effect.member), true);
    }
    const standing = after.get(entry.group);
    for (const [rank, id] of (standing?.ids ?? []).entries()) {
      const absence = absences.get(id);
      agree(absence === undefined, standing?.sessions[rank] !== undefined);
      if (absence !== undefined)
        agree(absence.asksAt <= Math.max(now, absence.since + graceOf(absence, rank === 0)), true);
    }
  };
}

function noteAbsence(
  absences: Map<string, Absence>,
  { cause, at }: PlainEffectOf<'roster-changed'>,
  entry: GroupEntry,
): void {
  const isContested = cause.reason === 'REPLACED';
  const mayActMs = entry.kind === 'departed' && !isContested ? entry.mayActMs : undefined;
  const absence = { since: at, because: cause.reason ?? '', mayActMs: mayActMs ?? SCRIPT_RULES.suspendMs };
  if (cause.kind === 'away') absences.set(cause.member, { ...absence, asksAt: Infinity });
  if (cause.kind === 'resumed') absences.delete(cause.member);
}

export const onlySubordinatesExecute: Rule = ({ entry, effects, before }) => {
  if (entry.kind !== 'command') {
    agree(ofKind(effects, 'deliver'), []);
    return;
  }
  const { ids = [], sessions = [] } = before.get(entry.group) ?? {};
  const senderRank = entry.from.kind === 'admin' ? -1 : ids.indexOf(entry.from.member);
  for (const { recipients } of ofKind(effects, 'deliver')) {
    const unfit = recipients.filter(id => ids.indexOf(id) <= senderRank || sessions[ids.indexOf(id)] === undefined);
    agree(unfit, []);
    agree(new Set(recipients).size, recipients.length);
  }
  for (const { refused } of ofKind(effects, 'receipt')) {
    const codes = refused.map(({ member, rank }) => {
      if (ids[rank] !== member) return 'nobody';
      if (rank <= senderRank) return 'OUTRANKED';
      return sessions[rank] === undefined ? 'AWAY' : 'may execute it';
    });
    agree(
      refused.map(({ code }) => code),
      codes,
    );
  }
};

const holderOf = (from: CommandSource): string => (from.kind === 'admin' ? from.session : from.member);

/** Keeps which commands had a receipt, by sender and number. Departed members and earlier sessions receive none. */
export function oneReceiptEach(): Rule {
  const received = new Set<string>();
  const lastOf = new Map<string, number>();
  return ({ entry, effects, before }) => {
    const receipts = ofKind(effects, 'receipt');
    if (entry.kind !== 'command') {
      agree(receipts, []);
      return;
    }
    const { n, id, from, group } = entry;
    const holder = holderOf(from);
    const { ids = [], sessions = [] } = before.get(group) ?? {};
    const isThere = from.kind === 'admin' || sessions[ids.indexOf(from.member)] === from.session;
    const isNew = n > (lastOf.get(holder) ?? 0);
    agree(
      receipts.map(receipt => [receipt.to, receipt.id]),
      isThere && isNew ? [[from.session, id]] : [],
    );
    if (receipts.length === 0) return;
    agree(received.has(`${holder}#${n}`), false);
    received.add(`${holder}#${n}`);
    lastOf.set(holder, n);
  };
}

const isOver = (entry: GroupEntry, standing: Standing | undefined, seq: number): boolean =>
  standing === undefined || (entry.kind === 'expired' && entry.epoch === standing.epoch && entry.seq === seq);

/** R-CMD-6, R-CMD-7: each recipient ends once, then the command, at the latest with its `expired` entry. */
export function everythingEndsOnce(): Rule {
  /** The awaited recipients, by group and seq. A removed group must have no open command. */
  const open = new Map<string, Map<number, Set<string>>>();
  return ({ entry, effects, after }) => {
    if (entry.kind === 'frozen') return;
    const awaited = open.get(entry.group) ?? new Map<number, Set<string>>();
    open.set(entry.group, awaited);
    for (const effect of effects) {
      if (effect.kind === 'deliver' && effect.resultWanted) awaited.set(effect.seq, new Set(effect.recipients));
      if (effect.kind === 'recipient-ended') agree(awaited.get(effect.seq)?.delete(effect.recipient), true);
      if (effect.kind !== 'outcome') continue;
      agree(awaited.get(effect.seq)?.size, 0);
      agree(
        Object.values(effect.counts).reduce((sum, count) => sum + count, 0),
        effect.recipients,
      );
      awaited.delete(effect.seq);
    }
    const standing = after.get(entry.group);
    for (const [seq, recipients] of awaited) {
      agree(recipients.size > 0, true);
      agree(isOver(entry, standing, seq), false);
    }
    agree(standing?.openCommands ?? 0, awaited.size);
  };
}
