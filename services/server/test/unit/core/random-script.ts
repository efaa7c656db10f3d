import fc from 'fast-check';
import type { CoreLimits, Entry, GroupEntry, Target } from '../../../src/core/index.js';
import { command, expired, frozen, joined, left, limitsOf, newcomer, result } from './entries.js';
import type { PlainEffect } from './plain-effect.js';

/**
 * Random entries that mean something. A step says what is to happen in numbers alone (`who: 2`: the third oldest
 * member), so that it can be shrunk; the script turns it into an entry, knowing what the entries before it have done.
 */

const TARGET_KINDS = ['below', 'all', 'ranks', 'members', 'names', 'tags'] as const;
const GROUPS = ['default', 'blue', 'green'];
const NAMES = ['ann', 'bob', 'cy', 'nobody-bears-this'];
const ZONES = ['east', 'west', 'nowhere'];

/** Small, so that every bound is met often. */
export const SCRIPT_LIMITS: CoreLimits = limitsOf({
  membersMax: 6,
  groupsMax: 2,
  commandsOpenMax: 2,
  deadlineMsMax: 1000,
  refusedMax: 2,
  missingMax: 2,
});

export const EPOCH_LAST = 1010;

const pick = fc.nat({ max: 11 });
const isGone = fc.constantFrom(false, false, false, false, false, false, true);
const picks = fc.array(fc.nat({ max: 8 }), { maxLength: 5 });

const steps = {
  joined: fc.record({
    kind: fc.constant('joined' as const),
    group: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1, 2),
    name: fc.nat({ max: 2 }),
    zone: fc.nat({ max: 1 }),
  }),
  left: fc.record({ kind: fc.constant('left' as const), who: pick, isGone }),
  command: fc.record({
    kind: fc.constant('command' as const),
    who: pick,
    isGone,
    ahead: fc.constantFrom(1, 1, 1, 3, 0),
    id: fc.nat({ max: 5 }),
    target: fc.constantFrom('below', ...TARGET_KINDS),
    aim: picks,
    deadlineMs: fc.constantFrom(1, 500, 1000, 1001),
    reply: fc.constantFrom('outcome', 'outcome', 'each', 'none'),
  }),
  result: fc.record({
    kind: fc.constant('result' as const),
    which: pick,
    who: pick,
    from: fc.constantFrom('recipient', 'recipient', 'recipient', 'anyone'),
    fault: fc.constantFrom('none', 'none', 'none', 'none', 'epoch', 'seq'),
    status: fc.constantFrom('done', 'done', 'failed', 'refused'),
  }),
  expired: fc.record({
    kind: fc.constant('expired' as const),
    which: pick,
    isForeign: fc.constantFrom(false, false, true),
  }),
  replayed: fc.record({ kind: fc.constant('replayed' as const), which: fc.nat({ max: 40 }) }),
  frozen: fc.record({ kind: fc.constant('frozen' as const) }),
};

type StepOf<K extends keyof typeof steps> = (typeof steps)[K] extends fc.Arbitrary<infer T> ? T : never;
export type Step = StepOf<keyof typeof steps>;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: steps.joined },
  { weight: 10, arbitrary: steps.left },
  { weight: 56, arbitrary: steps.command },
  { weight: 36, arbitrary: steps.result },
  { weight: 12, arbitrary: steps.expired },
  { weight: 10, arbitrary: steps.replayed },
  { weight: 1, arbitrary: steps.frozen },
);

export const script: fc.Arbitrary<Step[]> = fc.noBias(fc.array(step, { maxLength: 120, size: 'max' }));

interface Known {
  readonly id: string;
  readonly group: string;
  n: number;
}

interface Given {
  readonly group: string;
  readonly epoch: number;
  readonly seq: number;
  readonly recipients: readonly string[];
}

/** The latest but `count`, going round; undefined where there is none. */
const latest = <T>(items: readonly T[], count: number): T | undefined => items.at(-1 - (count % items.length));

export class Script {
  readonly #entries: Entry[] = [];
  readonly #members: Known[] = [];
  readonly #given: Given[] = [];
  readonly #epochs = new Map<string, number>();
  readonly #gone = new Set<string>();
  #at = 1000;

  /** Undefined where the step has nobody or nothing to be about. */
  entryFor(step: Step): Entry | undefined {
    this.#at += 1;
    const entry = this.#compose(step);
    if (entry !== undefined) this.#entries.push(entry);
    return entry;
  }

  /** What the entry did, for the steps to come. */
  learn(entry: Entry, effects: readonly PlainEffect[]): void {
    if (entry.kind === 'frozen') return;
    const { group } = entry;
    for (const effect of effects) {
      if (effect.kind === 'roster-changed') this.#epochs.set(group, effect.epoch);
      if (effect.kind === 'departed') this.#gone.add(effect.member);
      if (effect.kind === 'turned-away' && entry.kind === 'joined') this.#gone.add(entry.newcomer.id);
      if (effect.kind !== 'deliver') continue;
      this.#given.push({ group, epoch: this.#epochs.get(group) ?? 0, seq: effect.seq, recipients: effect.recipients });
    }
  }

  #compose(step: Step): Entry | undefined {
    switch (step.kind) {
      case 'joined':
        return this.#join(step);
      case 'left':
        return this.#about(step, ({ id, group }) => left(id, { group, at: this.#at }));
      case 'command':
        return this.#about(step, sender => this.#command(step, sender));
      case 'result':
        return this.#result(step);
      case 'expired':
        return this.#expire(step);
      case 'replayed':
        return this.#replay(step.which);
      case 'frozen':
        return frozen();
    }
  }

  #about(step: { who: number; isGone: boolean }, make: (member: Known) => GroupEntry): GroupEntry | undefined {
    const members = this.#members.filter(({ id }) => this.#gone.has(id) === step.isGone);
    const member = members[step.who % members.length];
    return member === undefined ? undefined : make(member);
  }

  #join(step: StepOf<'joined'>): Entry {
    const id = `m${this.#members.length}`;
    const group = GROUPS[step.group] ?? 'default';
    const tags = { zone: ZONES[step.zone] ?? '', shape: 'round' };
    this.#members.push({ id, group, n: 1 });
    return joined(id, { group, at: this.#at, newcomer: newcomer(id, { name: NAMES[step.name] ?? '', tags }) });
  }

  #command(step: StepOf<'command'>, sender: Known): GroupEntry {
    const { id, group } = sender;
    sender.n += step.ahead;
    const { deadlineMs, reply } = step;
    const payload = `"${id}/${sender.n}"`;
    const target = this.#target(step.target, step.aim);
    return command(id, sender.n, { group, at: this.#at, id: `c${step.id}`, target, deadlineMs, reply, payload });
  }

  #target(kind: Target['kind'], aim: readonly number[]): Target {
    switch (kind) {
      case 'below':
      case 'all':
        return { kind };
      case 'ranks':
        return { kind, ranks: aim };
      case 'members':
        return { kind, members: aim.map(each => (each === 8 ? 'unknown' : (latest(this.#members, each)?.id ?? ''))) };
      case 'names':
        return { kind, names: aim.map(each => NAMES[each % NAMES.length] ?? '') };
      case 'tags':
        return {
          kind,
          tags: Object.fromEntries(aim.slice(0, 1).map(each => ['zone', ZONES[each % ZONES.length] ?? ''])),
        };
    }
  }

  #result(step: StepOf<'result'>): Entry | undefined {
    const given = latest(this.#given, step.which);
    if (given === undefined) return undefined;
    const { group, epoch, seq, recipients } = given;
    const own = step.from === 'anyone' ? undefined : latest(recipients, step.who);
    const member = own ?? latest(this.#members, step.who)?.id ?? '';
    const { status } = step;
    const error = status === 'done' ? undefined : { code: 'NO_HANDLER' };
    const odd = step.fault === 'epoch' ? epoch - 1 : epoch;
    return result(member, odd, step.fault === 'seq' ? seq + 50 : seq, {
      group,
      at: this.#at,
      status,
      error,
      payload: '1',
    });
  }

  #expire(step: StepOf<'expired'>): Entry | undefined {
    const given = latest(this.#given, step.which);
    if (given === undefined) return undefined;
    const { group, epoch, seq } = given;
    return expired(step.isForeign ? epoch + 1 : epoch, seq, { group, at: this.#at });
  }

  /** An id is never used again (Terms), hence no log brings back the joining of one who has gone or was turned away. */
  #replay(which: number): Entry | undefined {
    const old = latest(this.#entries, which);
    return old?.kind === 'joined' && this.#gone.has(old.newcomer.id) ? undefined : old;
  }
}
