import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Coordinator } from '../../../src/core/index.js';
import { agree } from './agree.js';
import { DumbModel } from './dumb-model.js';
import { applyPlainly, type PlainEffect } from './plain-effect.js';
import { EPOCH_LAST, script, Script, SCRIPT_LIMITS, type Step } from './random-script.js';
import {
  epochsRise,
  everythingEndsOnce,
  newcomersAreLastInTheSmallestFreeSlot,
  oneReceiptEach,
  onlySubordinatesExecute,
  ranksAreDense,
  standingsOf,
  survivorsKeepTheirOrder,
  viewAndSeqCountWhatChanges,
  type Rule,
} from './rules.js';

const RUNS = { numRuns: 300 };

const coordinate = (): Coordinator => new Coordinator(SCRIPT_LIMITS, EPOCH_LAST);

/** Plays the steps and holds the rule against every single entry. */
function play(steps: readonly Step[], rule: Rule): void {
  const coordinator = coordinate();
  const script = new Script();
  let before = standingsOf(coordinator);
  for (const step of steps) {
    const entry = script.entryFor(step);
    if (entry === undefined) continue;
    const effects = applyPlainly(coordinator, entry);
    const after = standingsOf(coordinator);
    rule({ entry, effects, before, after, coordinator });
    script.learn(entry, effects);
    before = after;
  }
}

const afterEveryEntry = (ruleOf: () => Rule): void =>
  fc.assert(
    fc.property(script, steps => play(steps, ruleOf())),
    RUNS,
  );

/** What an effect says, in one word: to see that chance has met everything. */
function wordFor(effect: PlainEffect): string {
  if (effect.kind === 'receipt') return effect.verdict.kind === 'accepted' ? 'accepted' : effect.verdict.code;
  if (effect.kind === 'recipient-ended') return effect.status;
  if (effect.kind === 'turned-away') return `turned away: ${effect.code}`;
  return effect.kind === 'result-refused' ? effect.code : effect.kind;
}

const EVERYTHING = [
  ...['welcomed', 'turned away: FULL', 'turned away: DRAINING', 'roster-changed', 'departed'],
  ...['accepted', 'OUTRANKED', 'NO_SUCH_TARGET', 'NO_RECIPIENTS', 'DUPLICATE_ID', 'TOO_MANY_OPEN', 'DRAINING'],
  ...['deliver', 'deadline', 'done', 'failed', 'refused', 'expired', 'left', 'outcome'],
  ...['LATE_RESULT', 'UNEXPECTED_RESULT'],
];

describe('the core, fed with random entries', () => {
  it('R-VIEW-3 says the same as a second, dumb implementation of the rules, and chance meets every effect', () => {
    const met = new Set<string>();
    const agrees = (steps: readonly Step[]): void => {
      const [coordinator, model, script] = [coordinate(), new DumbModel(SCRIPT_LIMITS, EPOCH_LAST), new Script()];
      for (const step of steps) {
        const entry = script.entryFor(step);
        if (entry === undefined) continue;
        const effects = applyPlainly(coordinator, entry);
        agree(effects, model.apply(entry));
        script.learn(entry, effects);
        for (const effect of effects) met.add(wordFor(effect));
      }
      for (const { name, epoch, members } of model.groups) {
        const group = coordinator.groups.get(name);
        const ranked = group?.roster.slice().map(({ id, slot }) => ({ id, slot }));
        expect([group?.epoch, ranked]).toEqual([epoch, members.map(({ id, slot }) => ({ id, slot }))]);
      }
      expect(coordinator.groups.size).toBe(model.groups.length);
    };
    fc.assert(fc.property(script, agrees), RUNS);
    expect([...met].sort()).toEqual([...EVERYTHING].sort());
  });

  it('R-JOIN-2 R-VIEW-1 ranks are 0 to size-1, survivors keep their order, a newcomer is last in the smallest slot', () => {
    afterEveryEntry(() => moment => {
      ranksAreDense(moment);
      survivorsKeepTheirOrder(moment);
      newcomersAreLastInTheSmallestFreeSlot(moment);
    });
  });

  it('R-VIEW-3 the view counts changes of the roster, seq those and accepted commands, and epochs rise', () => {
    afterEveryEntry(() => {
      const rise = epochsRise(EPOCH_LAST);
      return moment => {
        viewAndSeqCountWhatChanges(moment);
        rise(moment);
      };
    });
  });

  it('R-CMD-2 nobody at or above the sender is ever a recipient, nobody below it ever refused', () => {
    afterEveryEntry(() => onlySubordinatesExecute);
  });

  it('R-CMD-3 a command of a member has exactly one receipt, and nothing else has any', () => {
    afterEveryEntry(oneReceiptEach);
  });

  it('R-CMD-6 R-CMD-7 every recipient ends exactly once, then its command does, at the latest with its deadline', () => {
    afterEveryEntry(everythingEndsOnce);
  });

  it('R-CMD-9 an entry that is applied twice changes nothing the second time', () => {
    afterEveryEntry(() => ({ entry, after, coordinator }) => {
      const again = applyPlainly(coordinator, entry);
      agree([...standingsOf(coordinator)], [...after]);
      agree(
        again.filter(({ kind }) => kind !== 'turned-away' && kind !== 'result-refused'),
        [],
      );
    });
  });
});
