/** The planted faults of a simulated single server. */

import type { ViewMessage } from '@rankd/protocol';
import {
  Coordinator,
  type DeliverEffect,
  type Effect,
  type Entry,
  type ReceiptEffect,
  type GroupLimits,
} from 'rankd/dist/core/index.js';

/** A planted fault at the boundaries of the core. It proves that the checker finds such faults. */
export interface PlantedBug {
  readonly createCoordinator: (rules: GroupLimits, epochLast: number) => Coordinator;
  /** Changes the frames that the server writes to a connection; each ends with LF. */
  readonly tamperBytes: (bytes: Buffer) => Buffer;
}

/** No fault. */
export const noBugs: PlantedBug = {
  createCoordinator: (rules, epochLast) => new Coordinator(rules, epochLast),
  tamperBytes: bytes => bytes,
};

/** A core that tampers with entries or effects. */
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

const withTampering = (tamper: Tampering): PlantedBug => withTamperingPerCore(() => tamper);

/** Returns a fault that calls `make` for each core, so that each core has its own state. */
const withTamperingPerCore = (make: () => Tampering): PlantedBug => ({
  ...noBugs,
  createCoordinator: (rules, epochLast) => new TamperedCoordinator(rules, epochLast, make()),
});

/** Returns a fault whose core uses other limits than the configured ones. */
const withLooserRules = (loosen: (rules: GroupLimits) => Partial<GroupLimits>): PlantedBug => ({
  ...noBugs,
  createCoordinator: (rules, epochLast) => new Coordinator({ ...rules, ...loosen(rules) }, epochLast),
});

/** The faults that CI plants. */
export const plantedBugs: Readonly<Record<string, PlantedBug>> = {
  'wrong-promotion': withTampering(promoteWrongly),
  'authority-of-equals': withTampering(commandItself),
  'double-end': withTampering(endTwice),
  'lost-outcome': withTampering(loseOutcome),
  'lost-duplicate-check': withTamperingPerCore(forgetDuplicates),
  'one-too-many': withLooserRules(({ membersMax }) => ({ membersMax: membersMax + 1 })),
  'endless-waitlist': withLooserRules(() => ({ waitlistMax: 100 })),
  'delivered-twice': withTampering(deliverTwice),
  'lost-deadline': withTampering(loseDeadline),
  'departed-awaited': withTampering(awaitDeparted),
  'diverging-replica': withTamperingPerCore(forgetInReplicas()),
  'unsaid-outcome': { ...noBugs, tamperBytes: keepOutcomes },
  'skipped-view': withTampering(skipView),
  'view-out-of-order': { ...noBugs, tamperBytes: viewsLast },
  'size-late': { ...noBugs, tamperBytes: dropSizes },
  'unmatched-unlisted': withTampering(forgetUnmatched),
  'told-too-early': withTampering(stopWaiting),
  'leader-forgotten': withTampering(letLeaderGo),
  'close-believed': withTampering(believeClose),
  'close-as-answer': withTampering(takeCloseAsAnswer),
};

/** Fault: the last member gets the rank of a member that has left. */
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

/** Fault: a sender that targets itself receives its own command, as if ranks were compared with `<` instead of `<=`. */
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

/** Fault: each command is delivered twice, against R-CMD-9. */
function deliverTwice(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).flatMap((effect): Effect[] => (effect.kind === 'deliver' ? [effect, effect] : [effect]));
}

/** Fault: deadlines are not set. */
function loseDeadline(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).filter(({ kind }) => kind !== 'deadline');
}

/** Fault: commands keep waiting for a member that has left. */
function awaitDeparted(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).filter(
    ({ kind }) => entry.kind !== 'departed' || (kind !== 'recipient-ended' && kind !== 'outcome'),
  );
}

/** Fault: the replica (every second core that is created) ignores some entries. */
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

/** Fault: a command that is applied again counts as a new one. */
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

/** Fault: moves produce no view. */
function skipView(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).filter(({ kind }) => entry.kind !== 'moved' || kind !== 'roster-changed');
}

/** Fault: a leader that is asked to stop counts as stopped at once, against R-LEAD-1. */
function stopWaiting(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  const effects = apply(entry);
  if (entry.kind === 'frozen') return effects;
  const { group, at } = entry;
  return effects.flatMap(effect => {
    if (effect.kind !== 'ask-to-stop') return [effect];
    const { epoch, member, ask } = effect;
    return [effect, ...apply({ kind: 'stopped', group, at, epoch, member: member.id, ask, evidence: 'suspended' })];
  });
}

/** Fault: a member whose session the server has ended counts as one that has left. */
function letLeaderGo(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry.kind === 'departed' && entry.how === 'ended' ? { ...entry, how: 'goodbye' } : entry);
}

/** Fault: a leader whose connection has closed counts as stopped, although a proxy may have closed one end only. */
function believeClose(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry.kind === 'departed' && entry.how === 'lost' ? { ...entry, mayActMs: 0 } : entry);
}

/** Fault: the close of a connection counts as the answer of a leader that was asked to stop. */
function takeCloseAsAnswer(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry.kind === 'stopped' ? { ...entry, evidence: 'yielded' } : entry);
}

/** Fault: views come last among the frames of one write, against R-VIEW-3. */
function viewsLast(bytes: Buffer): Buffer {
  const frames = bytes.toString().split(/(?<=\n)/);
  const isView = (frame: string): boolean => frame.startsWith('{"type":"view"');
  if (frames.length === 1 || !frames.some(isView)) return bytes;
  return Buffer.from([...frames.filter(frame => !isView(frame)), ...frames.filter(isView)].join(''));
}

/**
 * Fault: views with the rank and leader that the member knows are not sent, so a member learns a new size only together with a new rank or
 * leader.
 */
function dropSizes(bytes: Buffer): Buffer {
  const frames = bytes.toString().split(/(?<=\n)/);
  const isOfSize = (frame: string): boolean => {
    if (!frame.startsWith('{"type":"view"') || frame.includes('"joined":[') || frame.includes('"reset"')) return false;
    const { rank, was, cause, changes } = JSON.parse(frame) as Pick<ViewMessage, 'rank' | 'was' | 'cause' | 'changes'>;
    return rank === was && changes > 0 && cause.kind === 'joined';
  };
  return Buffer.from(frames.filter(frame => !isOfSize(frame)).join(''));
}

/** Fault: receipts do not list the targets that match no member. */
function forgetUnmatched(entry: Entry, apply: (entry: Entry) => Effect[]): Effect[] {
  return apply(entry).map(effect => (effect.kind === 'receipt' ? { ...effect, unmatched: [] } : effect));
}

/** Fault: outcomes are not sent. */
function keepOutcomes(bytes: Buffer): Buffer {
  const frames = bytes.toString().split(/(?<=\n)/);
  return Buffer.from(frames.filter(frame => !frame.startsWith('{"type":"outcome"')).join(''));
}
