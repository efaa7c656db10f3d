import fc from 'fast-check';

/**
 * Random steps that always mean something. A step contains only numbers (`who: 2` is the third oldest member), so that
 * fast-check can shrink it.
 */

const TARGET_KINDS = ['below', 'all', 'ranks', 'members', 'names', 'tags'] as const;

const pick = fc.nat({ max: 11 });
const isGone = fc.constantFrom(false, false, false, false, false, false, true);
const isForeign = fc.constantFrom(false, false, false, true);
const ofSession = fc.constantFrom('latest', 'latest', 'latest', 'latest', 'earlier');
const picks = fc.array(fc.nat({ max: 8 }), { maxLength: 5 });
const afterMs = fc.constantFrom(1, 1, 1, 7, 40, 120);
const group = fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1, 2);
const who = { who: pick, isGone, ofSession };

const steps = {
  joined: fc.record({
    kind: fc.constant('joined' as const),
    afterMs,
    ...who,
    group,
    name: fc.nat({ max: 2 }),
    zone: fc.nat({ max: 1 }),
    claim: fc.constantFrom('none', 'none', 'none', 'right', 'right', 'earlier', 'oldest', 'wrong'),
  }),
  confirmed: fc.record({ kind: fc.constant('confirmed' as const), afterMs, ...who }),
  waitingLeft: fc.record({ kind: fc.constant('waiting-left' as const), afterMs, which: pick }),
  departed: fc.record({
    kind: fc.constant('departed' as const),
    afterMs,
    ...who,
    how: fc.constantFrom('goodbye', 'lost', 'lost', 'lost', 'ended', 'ended'),
    mayActMs: fc.constantFrom(0, 0, 60, 280),
  }),
  graceEnded: fc.record({ kind: fc.constant('grace-ended' as const), afterMs, ...who, isForeign }),
  stopped: fc.record({
    kind: fc.constant('stopped' as const),
    afterMs,
    which: fc.constantFrom(0, 0, 0, 0, 1, 2),
    ofAsk: fc.constantFrom('it', 'it', 'it', 'it', 'earlier'),
    evidence: fc.constantFrom('yielded', 'suspended', 'suspended', 'closed'),
    isForeign,
  }),
  resigned: fc.record({ kind: fc.constant('resigned' as const), afterMs, ...who }),
  administered: fc.record({
    kind: fc.constant('administered' as const),
    afterMs,
    ...who,
    action: fc.constantFrom('move', 'move', 'remove'),
    rank: fc.constantFrom(0, 0, 0, 1, 2, 5, 6),
  }),
  adminGone: fc.record({ kind: fc.constant('admin-gone' as const), afterMs, group }),
  command: fc.record({
    kind: fc.constant('command' as const),
    afterMs,
    ...who,
    byAdmin: fc.constantFrom(false, false, false, false, true),
    ahead: fc.constantFrom(1, 1, 1, 3, 0),
    id: fc.nat({ max: 5 }),
    target: fc.constantFrom('below', ...TARGET_KINDS),
    aim: picks,
    deadlineMs: fc.constantFrom(1, 500, 1000, 1001),
    reply: fc.constantFrom('outcome', 'outcome', 'each', 'none'),
  }),
  result: fc.record({
    kind: fc.constant('result' as const),
    afterMs,
    which: pick,
    who: pick,
    ofSession,
    from: fc.constantFrom('recipient', 'recipient', 'recipient', 'anyone'),
    fault: fc.constantFrom('none', 'none', 'none', 'none', 'epoch', 'seq'),
    status: fc.constantFrom('done', 'done', 'failed', 'refused'),
  }),
  expired: fc.record({ kind: fc.constant('expired' as const), afterMs, which: pick, isForeign }),
  restored: fc.record({
    kind: fc.constant('restored' as const),
    afterMs,
    group,
    slots: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
  }),
  serverGone: fc.record({ kind: fc.constant('server-gone' as const), afterMs, group, server: fc.nat({ max: 2 }) }),
  replayed: fc.record({ kind: fc.constant('replayed' as const), afterMs, which: fc.nat({ max: 40 }) }),
  frozen: fc.record({ kind: fc.constant('frozen' as const), afterMs }),
};

type AnyStep = { [K in keyof typeof steps]: (typeof steps)[K] extends fc.Arbitrary<infer T> ? T : never };
export type Step = AnyStep[keyof AnyStep];
export type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 34, arbitrary: steps.joined },
  { weight: 5, arbitrary: steps.confirmed },
  { weight: 2, arbitrary: steps.waitingLeft },
  { weight: 13, arbitrary: steps.departed },
  { weight: 8, arbitrary: steps.graceEnded },
  { weight: 12, arbitrary: steps.stopped },
  { weight: 10, arbitrary: steps.administered },
  { weight: 6, arbitrary: steps.resigned },
  { weight: 1, arbitrary: steps.adminGone },
  { weight: 40, arbitrary: steps.command },
  { weight: 26, arbitrary: steps.result },
  { weight: 8, arbitrary: steps.expired },
  { weight: 1, arbitrary: steps.restored },
  { weight: 3, arbitrary: steps.serverGone },
  { weight: 9, arbitrary: steps.replayed },
  { weight: 1, arbitrary: steps.frozen },
);

export const script: fc.Arbitrary<Step[]> = fc.noBias(fc.array(step, { maxLength: 120, size: 'max' }));
