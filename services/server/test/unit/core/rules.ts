import { assertInvariants, type Coordinator, type Entry, type GroupEntry } from '../../../src/core/index.js';
import { agree } from './agree.js';
import type { PlainEffect, PlainEffectOf } from './plain-effect.js';

/** What protocol.md promises of every single entry, whatever came before it; each rule keeps its own book. */

export interface Standing {
  readonly epoch: number;
  readonly view: number;
  readonly seq: number;
  readonly ids: readonly string[];
  readonly slots: readonly number[];
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
  for (const [name, { epoch, view, seq, roster, commands }] of coordinator.groups) {
    const members = roster.slice();
    const ids = members.map(({ id }) => id);
    standings.set(name, { epoch, view, seq, ids, slots: members.map(({ slot }) => slot), openCommands: commands.size });
  }
  return standings;
}

export const ofKind = <K extends PlainEffect['kind']>(effects: readonly PlainEffect[], kind: K): PlainEffectOf<K>[] =>
  effects.filter((effect): effect is PlainEffectOf<K> => effect.kind === kind);

const NOBODY: Standing = { epoch: 0, view: 0, seq: 0, ids: [], slots: [], openCommands: 0 };

/** Each group that is there now, with what it was before the entry; one that has just been created was nothing. */
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

export const survivorsKeepTheirOrder: Rule = moment => {
  for (const [then, now] of changes(moment)) {
    const survivors = then.ids.filter(id => now.ids.includes(id));
    agree(now.ids.slice(0, survivors.length), survivors);
  }
};

export const newcomersAreLastInTheSmallestFreeSlot: Rule = moment => {
  for (const [then, now] of changes(moment)) {
    const added = now.ids.filter(id => !then.ids.includes(id));
    if (added.length === 0) continue;
    const free = [...now.slots.keys()].find(slot => !then.slots.includes(slot));
    agree([added, now.ids.at(-1), now.slots.at(-1)], [added.slice(0, 1), added[0], free]);
  }
};

export const viewAndSeqCountWhatChanges: Rule = moment => {
  const accepted = ofKind(moment.effects, 'receipt').filter(({ verdict }) => verdict.kind === 'accepted').length;
  const own = moment.entry.kind === 'frozen' ? '' : moment.entry.group;
  for (const [name, now] of moment.after) {
    const then = moment.before.get(name);
    const [was, is] = [then?.epoch === now.epoch ? then : NOBODY, now];
    const changed = was.ids.join() === is.ids.join() ? 0 : 1;
    agree([is.view - was.view, is.seq - was.seq], [changed, changed + (name === own ? accepted : 0)]);
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

export const onlySubordinatesExecute: Rule = ({ entry, effects, before }) => {
  if (entry.kind !== 'command') {
    agree(ofKind(effects, 'deliver'), []);
    return;
  }
  const ids = before.get(entry.group)?.ids ?? [];
  const senderRank = ids.indexOf(entry.member);
  for (const { recipients } of ofKind(effects, 'deliver')) {
    agree(
      recipients.filter(id => ids.indexOf(id) <= senderRank),
      [],
    );
    agree(new Set(recipients).size, recipients.length);
  }
  for (const { refused } of ofKind(effects, 'receipt')) {
    agree(
      refused.filter(({ member, rank }) => ids[rank] !== member || rank > senderRank),
      [],
    );
  }
};

/** Which commands had their receipt, by sender and number; members that are not there are asked nothing and get none. */
export function oneReceiptEach(): Rule {
  const received = new Set<string>();
  const lastOf = new Map<string, number>();
  const gone = new Set<string>();
  return ({ entry, effects, before }) => {
    const receipts = ofKind(effects, 'receipt');
    for (const { member } of ofKind(effects, 'departed')) gone.add(member);
    if (entry.kind !== 'command') {
      agree(receipts, []);
      return;
    }
    const { member, n, id } = entry;
    const isThere = before.get(entry.group)?.ids.includes(member) === true && !gone.has(member);
    const isNew = n > (lastOf.get(member) ?? 0);
    agree(
      receipts.map(receipt => [receipt.sender, receipt.id]),
      isThere && isNew ? [[member, id]] : [],
    );
    if (receipts.length === 0) return;
    agree(received.has(`${member}#${n}`), false);
    received.add(`${member}#${n}`);
    lastOf.set(member, n);
  };
}

const isOver = (entry: GroupEntry, standing: Standing | undefined, seq: number): boolean =>
  standing === undefined || (entry.kind === 'expired' && entry.epoch === standing.epoch && entry.seq === seq);

/** R-CMD-6, R-CMD-7: each recipient ends once, then the command, and no later than with its `expired`. */
export function everythingEndsOnce(): Rule {
  /** By group and seq: who is awaited. A group that is gone must have left nothing behind. */
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
