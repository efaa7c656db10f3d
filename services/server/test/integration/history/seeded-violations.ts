import type { Change, HeardFrame, History, Recording, Testimony } from './history.js';

/** A fault to plant in a history, and a part of the complaint about it. */
export interface SeededViolation {
  readonly what: string;
  readonly found: string;
  readonly plant: (history: History) => History;
}

type Kind = Recording['kind'];
type Of<K extends Kind> = Extract<Recording, { kind: K }>;

/** Replaces the first matching record after the middle, or the first of all, by others. */
function instead<K extends Kind>(
  kind: K,
  fits: (each: Of<K>) => boolean,
  others: (each: Of<K>, history: History) => Recording[],
): (history: History) => History {
  return history => {
    const { recordings } = history;
    const from = Math.floor(recordings.length / 2);
    const isIt = (each: Recording): each is Of<K> => each.kind === kind && fits(each as Of<K>);
    const later = recordings.findIndex((each, index) => index >= from && isIt(each));
    const index = later === -1 ? recordings.findIndex(isIt) : later;
    const found = recordings[index];
    if (found === undefined || !isIt(found)) throw new Error(`no ${kind} to plant a fault in`);
    const planted = [...recordings.slice(0, index), ...others(found, history), ...recordings.slice(index + 1)];
    return { ...history, recordings: planted };
  };
}

/** Replaces these fields in a frame of that type. */
function frame(type: string, fields: (frame: HeardFrame) => object): (history: History) => History {
  const isOfType = (each: Of<'heard'>): boolean => each.frame.type === type && each.frame['accepted'] !== false;
  return instead('heard', isOfType, each => [{ ...each, frame: { ...each.frame, ...fields(each.frame) } }]);
}

/** Replaces these fields in a command that several members received. */
function sharedDelivery(fields: (frame: HeardFrame) => object): (history: History) => History {
  return history => {
    const heard = new Map<unknown, number>();
    for (const each of history.recordings) {
      if (each.kind !== 'heard' || each.frame.type !== 'command') continue;
      heard.set(each.frame['args'], (heard.get(each.frame['args']) ?? 0) + 1);
    }
    const isShared = (each: Of<'heard'>): boolean => (heard.get(each.frame['args']) ?? 0) > 1;
    const isDelivery = (each: Of<'heard'>): boolean => each.frame.type === 'command' && isShared(each);
    return instead('heard', isDelivery, each => [{ ...each, frame: { ...each.frame, ...fields(each.frame) } }])(
      history,
    );
  };
}

/** Removes all matching frames of that type. */
function without(type: string, fits: (each: Of<'heard'>) => boolean): (history: History) => History {
  return ({ recordings, ...rest }) => {
    const kept = recordings.filter(each => each.kind !== 'heard' || each.frame.type !== type || !fits(each));
    if (kept.length === recordings.length) throw new Error(`no ${type} to remove`);
    return { ...rest, recordings: kept };
  };
}

const raised = (field: string, by: number) => (of: HeardFrame) => ({ [field]: Number(of[field]) + by });

/** A member acts with its token after another has acted with a newer one. */
function staleAct(history: History): History {
  const [act] = history.recordings.filter(each => each.kind === 'acted').slice(-1);
  if (act === undefined) throw new Error('no member acted');
  const newer: Recording = {
    ...act,
    who: 'somebody',
    atNs: act.atNs + 1n,
    fence: { ...act.fence, view: act.fence.view + 1 },
  };
  const stale: Recording = { ...act, atNs: act.atNs + 2n };
  return { ...history, recordings: [...history.recordings, newer, stale] };
}

function withoutChange({ testimonies, ...rest }: History): History {
  return { ...rest, testimonies: testimonies.map(each => ({ ...each, changes: each.changes.slice(1) })) };
}

/** Adds a report of a server that names another member for the same change. */
function contradicted({ testimonies, ...rest }: History): History {
  const twice = ([change, ...more]: readonly Change[]): Change[] =>
    change === undefined ? [] : [change, ...more, { ...change, cause: { ...change.cause, member: 'another' } }];
  return { ...rest, testimonies: testimonies.map(each => ({ ...each, changes: twice(each.changes) })) };
}

const isLong = ({ sheet }: Of<'ended'>): boolean => sheet !== undefined && sheet.done > 0;
const atRankAbove0 = (each: Of<'heard'>): boolean => each.frame.type === 'welcome' && each.frame['rank'] !== 0;

export const seededViolations: readonly SeededViolation[] = [
  { what: 'another command at one position', found: 'order:', plant: sharedDelivery(() => ({ args: 'another' })) },
  { what: 'a delivery in another view', found: 'order:', plant: sharedDelivery(raised('view', 1)) },
  {
    what: 'a repeated delivery',
    found: 'monotonic:',
    plant: instead(
      'heard',
      ({ frame }) => frame.type === 'command',
      each => [each, each],
    ),
  },
  {
    what: 'two servers that report different changes',
    found: 'order: an observer',
    plant: contradicted,
  },
  { what: 'a frame of an earlier epoch', found: 'an earlier epoch', plant: frame('view', raised('epoch', -1)) },
  { what: 'a seq that falls', found: 'monotonic:', plant: frame('receipt', raised('seq', -1000)) },
  {
    what: 'a view that is sent twice',
    found: 'monotonic:',
    plant: instead(
      'heard',
      ({ frame }) => frame.type === 'view' && frame['was'] !== frame['rank'],
      each => [each, each],
    ),
  },
  {
    what: 'a wrong rank',
    found: 'replay:',
    plant: instead('heard', atRankAbove0, each => [{ ...each, frame: { ...each.frame, rank: 0 } }]),
  },
  {
    what: 'a command before the view of its rank',
    found: 'when it had received rank',
    plant: without('view', each => each.frame['was'] !== each.frame['rank']),
  },
  {
    what: 'a command or a receipt before the view of its size',
    found: 'when it had received size',
    plant: without('view', each => each.frame['was'] === each.frame['rank']),
  },
  { what: 'a wrong size', found: 'replay:', plant: frame('welcome', raised('size', 1)) },
  {
    what: 'a sender with a rank too high',
    found: 'replay:',
    plant: frame('command', of => ({ from: { ...(of['from'] as object), rank: 7 } })),
  },
  { what: 'a delivery to a superior', found: 'is no recipient', plant: toSuperior },
  { what: 'a receipt with one recipient too many', found: 'replay:', plant: frame('receipt', raised('recipients', 1)) },
  { what: 'a change without a report', found: 'replay:', plant: withoutChange },
  { what: 'a command that was sent after it was received', found: 'time:', plant: sentLate },
  {
    what: 'a second execution',
    found: 'executed twice',
    plant: instead(
      'executed',
      () => true,
      each => [each, each],
    ),
  },
  {
    what: 'an execution without a command',
    found: 'never sent',
    plant: instead(
      'executed',
      () => true,
      each => [each, { ...each, token: 'nothing' }],
    ),
  },
  {
    what: 'an execution by a superior',
    found: 'executed',
    plant: instead(
      'executed',
      () => true,
      each => [{ ...each, own: each.from }],
    ),
  },
  { what: 'a command without an ending', found: 'never ended', plant: instead('ended', isLong, () => []) },
  { what: 'a command that ends twice', found: 'ended twice', plant: instead('ended', isLong, each => [each, each]) },
  {
    what: 'an outcome that does not add up',
    found: 'add up',
    plant: instead('ended', isLong, each => [{ ...each, sheet: { ...sheetOf(each), left: 1 } }]),
  },
  {
    what: 'a result of no member',
    found: 'times, executed',
    plant: instead(
      'executed',
      () => true,
      () => [],
    ),
  },
  { what: 'an act with an outdated token', found: 'leadership:', plant: staleAct },
];

/** Faults that only the history of a cluster can have, after resumed seats and a lost end of the order. */
export const clusterViolations: readonly SeededViolation[] = [
  { what: 'an order after a loss in the epoch before it', found: 'an earlier seq', plant: inOneEpoch },
  {
    what: 'a seat that is given back at another rank',
    found: 'received rank',
    // The violation is planted in all recordings, because the replay checks only the part of the history that an observer has reported.
    plant: ({ recordings, ...rest }) => ({
      ...rest,
      recordings: recordings.map(each =>
        each.kind === 'heard' && isGivenBack(each)
          ? { ...each, frame: { ...each.frame, rank: Number(each.frame['rank']) + 1 } }
          : each,
      ),
    }),
  },
  {
    what: 'a resumed member without a report',
    found: 'replay:',
    plant: withoutResumption,
  },
];

/** The view of a later change shows the gap: the removed one is not the last of its epoch. */
function withoutResumption({ testimonies, ...rest }: History): History {
  const shortened = testimonies.map(({ changes, ...of }) => {
    const lastView = Math.max(...changes.map(({ view }) => view));
    const removed = changes.findIndex(({ cause, view }) => cause.kind === 'resumed' && view < lastView);
    return { ...of, changes: changes.filter((_, index) => index !== removed) };
  });
  const count = (all: readonly Testimony[]): number => all.reduce((sum, { changes }) => sum + changes.length, 0);
  if (count(shortened) === count(testimonies)) throw new Error('no resumption to remove');
  return { ...rest, testimonies: shortened };
}

function isGivenBack({ frame: { type, resumed } }: Of<'heard'>): boolean {
  return type === 'welcome' && resumed === true;
}

/** Returns the history as if no new epoch had begun after the loss. */
function inOneEpoch({ recordings, ...rest }: History): History {
  const epoch = Math.min(...rest.testimonies.map(each => each.epoch));
  const same = (each: Recording): Recording =>
    each.kind === 'heard' && each.frame['epoch'] !== undefined ? { ...each, frame: { ...each.frame, epoch } } : each;
  return { ...rest, recordings: recordings.map(same) };
}

function sheetOf({ sheet }: Of<'ended'>): NonNullable<typeof sheet> {
  if (sheet === undefined) throw new Error('no sheet');
  return sheet;
}

/** The leader receives a command that a subordinate received. */
function toSuperior(history: History): History {
  const leads = (each: Recording): boolean =>
    each.kind === 'heard' && each.frame.type === 'welcome' && each.frame['rank'] === 0;
  const leader = history.recordings.find(leads)?.who ?? '';
  const copied = (each: Of<'heard'>): boolean => each.frame.type === 'command';
  return instead('heard', copied, each => [each, { ...each, who: leader }])(history);
}

/** The command is sent after the last frame of the history was received. */
function sentLate(history: History): History {
  const lastNs = history.recordings.reduce((last, { atNs }) => (atNs > last ? atNs : last), 0n);
  const delivered = new Set(
    history.recordings.map(each =>
      each.kind === 'heard' && each.frame.type === 'command' ? each.frame['args'] : undefined,
    ),
  );
  return instead(
    'sent',
    ({ token }) => delivered.has(token),
    each => [{ ...each, atNs: lastNs }],
  )(history);
}
