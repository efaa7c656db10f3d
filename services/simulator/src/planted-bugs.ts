import {
  Coordinator,
  type DeliverEffect,
  type Effect,
  type Entry,
  type ReceiptEffect,
  type GroupLimits,
} from '@rankd/server/dist/core/index.js';

/** Something wrong, planted where the parts meet, to see that the checker finds it. */
export interface PlantedBug {
  readonly coordinator: (rules: GroupLimits, epochLast: number) => Coordinator;
  /** What the server hands to a connection: frames, each ended by its LF. */
  readonly written: (bytes: Buffer) => Buffer;
}

/** None. */
export const noBugs: PlantedBug = {
  coordinator: (rules, epochLast) => new Coordinator(rules, epochLast),
  written: bytes => bytes,
};

/** A core whose answers, or what it is asked, are tampered with. */
class TamperedCoordinator extends Coordinator {
  readonly #tamper: (entry: Entry, apply: (entry: Entry) => Effect[], core: Coordinator) => Effect[];

  constructor(rules: GroupLimits, epochLast: number, tamper: Tampering) {
    super(rules, epochLast);
    this.#tamper = tamper;
  }

  override apply(entry: Entry): Effect[] {
    return this.#tamper(entry, each => super.apply(each), this);
  }
}

type Tampering = (entry: Entry, apply: (entry: Entry) => Effect[], core: Coordinator) => Effect[];

const tampered = (tamper: Tampering): PlantedBug => tamperedAnew(() => tamper);

/** `make`: for each core one of its own. */
const tamperedAnew = (make: () => Tampering): PlantedBug => ({
  ...noBugs,
  coordinator: (rules, epochLast) => new TamperedCoordinator(rules, epochLast, make()),
});

/** A core that keeps other rules than it was given. */
const loosened = (loosen: (rules: GroupLimits) => Partial<GroupLimits>): PlantedBug => ({
  ...noBugs,
  coordinator: (rules, epochLast) => new Coordinator({ ...rules, ...loosen(rules) }, epochLast),
});

/** The faults that CI plants. */
export const plantedBugs: Readonly<Record<string, PlantedBug>> = {
  'wrong-promotion': tampered(promoteWrongly),
  'authority-of-equals': tampered(commandItself),
  'double-end': tampered(endTwice),
  'lost-outcome': tampered(loseOutcome),
  'lost-duplicate-check': tamperedAnew(forgetDuplicates),
  'one-too-many': loosened(({ membersMax }) => ({ membersMax: membersMax + 1 })),
  'endless-waitlist': loosened(() => ({ waitlistMax: 100 })),
  'delivered-twice': tampered(deliverTwice),
  'lost-deadline': tampered(loseDeadline),
  'departed-awaited': tampered(awaitDeparted),
  'diverging-replica': tamperedAnew(forgetInReplicas()),
  'unsaid-outcome': { ...noBugs, written: keepOutcomes },
  'skipped-view': tampered(skipView),
  'view-out-of-order': { ...noBugs, written: viewsLast },
  'told-too-early': tampered(stopWaiting),
  'leader-forgotten': tampered(letLeaderGo),
};

/** The last member gets the place that somebody in the middle left. */
function promoteWrongly(entry: Entry, apply: (entry: Entry) => Effect[], core: Coordinator): Effect[] {
  const effects = apply(entry);
  for (const effect of effects) {
    if (effect.kind !== 'departed' || entry.kind === 'frozen') continue;
    const roster = core.groups.get(entry.group)?.roster;
    const last = roster?.at(roster.size - 1);
    if (last !== undefined && effect.rank < (roster?.size ?? 0) - 1) roster?.move(last, effect.rank);
  }
  return effects;
}

/** `<` for `<=` where the ranks of sender and target are compared: who aims at itself executes its own command. */
function commandItself(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  const effects = apply(entry);
  const receipt = effects.find((effect): effect is ReceiptEffect => effect.kind === 'receipt');
  const itself = receipt?.refused.find(({ member }) => member.id === receipt.sender.id);
  if (itself === undefined) return effects;
  const own = { from: itself.rank, to: itself.rank + 1 };
  return effects.map(effect =>
    effect.kind === 'deliver' ? ({ ...effect, ranges: [own, ...effect.ranges] } satisfies DeliverEffect) : effect,
  );
}

function endTwice(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  const effects = apply(entry);
  const ended = effects.find(({ kind }) => kind === 'recipient-ended');
  return ended === undefined || entry.kind !== 'result' ? effects : [...effects, ended];
}

/** R-CMD-9 passed over. */
function deliverTwice(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).flatMap((effect): Effect[] => (effect.kind === 'deliver' ? [effect, effect] : [effect]));
}

/** Nobody looks whether a deadline has passed. */
function loseDeadline(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).filter(({ kind }) => kind !== 'deadline');
}

/** Commands go on waiting for whoever has left. */
function awaitDeparted(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).filter(
    ({ kind }) => entry.kind !== 'departed' || (kind !== 'recipient-ended' && kind !== 'outcome'),
  );
}

/** Every second core that is made, which is the replica, takes no notice of some entries. */
function forgetInReplicas(): () => Tampering {
  let made = 0;
  return () => {
    made += 1;
    const forgets = made % 2 === 0;
    return (entry, apply) => (forgets && entry.kind === 'confirmed' ? [] : apply(entry));
  };
}

function loseOutcome(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).filter(({ kind }) => entry.kind !== 'expired' || kind !== 'outcome');
}

/** A command that is applied once more is taken for a new one. */
function forgetDuplicates(): Tampering {
  const applied = new Set<string>();
  return (entry, apply) => {
    if (entry.kind !== 'command') return apply(entry);
    const key = `${entry.at} ${entry.from.session}#${entry.n}`;
    if (applied.has(key)) return apply({ ...entry, n: entry.n + 1 });
    applied.add(key);
    return apply(entry);
  };
}

/** A change of the roster that nobody hears of. */
function skipView(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).filter(({ kind }) => entry.kind !== 'moved' || kind !== 'roster-changed');
}

/** R-LEAD-1 passed over: whoever is asked to stop is taken to have. */
function stopWaiting(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  const effects = apply(entry);
  if (entry.kind === 'frozen') return effects;
  const { group, at } = entry;
  return effects.flatMap(effect => {
    if (effect.kind !== 'ask-to-stop') return [effect];
    const { epoch, member, ask } = effect;
    return [effect, ...apply({ kind: 'stopped', group, at, epoch, member: member.id, ask })];
  });
}

/** A member that the server has ended is taken for one that left. */
function letLeaderGo(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry.kind === 'departed' && entry.how === 'ended' ? { ...entry, how: 'goodbye' } : entry);
}

/** R-VIEW-3 passed over: of what is written together, views come last. */
function viewsLast(bytes: Buffer): Buffer {
  const frames = bytes.toString().split(/(?<=\n)/);
  const isView = (frame: string): boolean => frame.startsWith('{"type":"view"');
  if (frames.length === 1 || !frames.some(isView)) return bytes;
  return Buffer.from([...frames.filter(frame => !isView(frame)), ...frames.filter(isView)].join(''));
}

/** Senders are not told how their commands ended. */
function keepOutcomes(bytes: Buffer): Buffer {
  const frames = bytes.toString().split(/(?<=\n)/);
  return Buffer.from(frames.filter(frame => !frame.startsWith('{"type":"outcome"')).join(''));
}
