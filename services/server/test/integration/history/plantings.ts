import type { HeardFrame, History, Recording } from './history.js';

/** A fault put into a history, and how a complaint about it begins. */
export interface Planting {
  readonly what: string;
  readonly found: string;
  readonly plant: (history: History) => History;
}

type Kind = Recording['kind'];
type Of<K extends Kind> = Extract<Recording, { kind: K }>;

/** The `count`-th recording of a kind that fits, from the middle on, becomes others. */
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

/** A frame of that type has these fields instead. */
function frame(type: string, fields: (frame: HeardFrame) => object): (history: History) => History {
  const isOfType = (each: Of<'heard'>): boolean => each.frame.type === type && each.frame['accepted'] !== false;
  return instead('heard', isOfType, each => [{ ...each, frame: { ...each.frame, ...fields(each.frame) } }]);
}

const raised = (field: string, by: number) => (of: HeardFrame) => ({ [field]: Number(of[field]) + by });

/** Somebody acts with the fence of another who has acted since. */
function staleAct(history: History): History {
  const [act] = history.recordings.filter(each => each.kind === 'acted').slice(-1);
  if (act === undefined) throw new Error('nobody acted');
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

const isLong = ({ sheet }: Of<'ended'>): boolean => sheet !== undefined && sheet.done > 0;
const atRankAbove0 = (each: Of<'heard'>): boolean => each.frame.type === 'welcome' && each.frame['rank'] !== 0;

export const plantings: readonly Planting[] = [
  { what: 'another command at one place', found: 'order:', plant: frame('command', () => ({ args: 'another' })) },
  { what: 'a delivery in another view', found: 'order:', plant: frame('command', raised('view', 1)) },
  {
    what: 'a delivery that comes again',
    found: 'monotonic:',
    plant: instead(
      'heard',
      ({ frame }) => frame.type === 'command',
      each => [each, each],
    ),
  },
  { what: 'a seq that falls', found: 'monotonic:', plant: frame('receipt', raised('seq', -1000)) },
  {
    what: 'a view that is told twice',
    found: 'monotonic:',
    plant: instead(
      'heard',
      ({ frame }) => frame.type === 'view',
      each => [each, each],
    ),
  },
  {
    what: 'a rank told wrong',
    found: 'replay:',
    plant: instead('heard', atRankAbove0, each => [{ ...each, frame: { ...each.frame, rank: 0 } }]),
  },
  { what: 'a wrong size', found: 'replay:', plant: frame('welcome', raised('size', 1)) },
  {
    what: 'a sender with a rank too high',
    found: 'replay:',
    plant: frame('command', of => ({ from: { ...(of['from'] as object), rank: 7 } })),
  },
  { what: 'a delivery to a superior', found: 'is no recipient', plant: toSuperior },
  { what: 'a receipt that counts one too many', found: 'replay:', plant: frame('receipt', raised('recipients', 1)) },
  { what: 'a change that nobody told of', found: 'replay:', plant: withoutChange },
  { what: 'a command that was sent after it had been heard', found: 'time:', plant: sentLate },
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
    what: 'an execution of nothing',
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
  { what: 'a command that is forgotten', found: 'never ended', plant: instead('ended', isLong, () => []) },
  { what: 'a command that ends twice', found: 'ended twice', plant: instead('ended', isLong, each => [each, each]) },
  {
    what: 'a sheet that does not add up',
    found: 'add up',
    plant: instead('ended', isLong, each => [{ ...each, sheet: { ...sheetOf(each), left: 1 } }]),
  },
  {
    what: 'a result that nobody gave',
    found: 'times, executed',
    plant: instead(
      'executed',
      () => true,
      () => [],
    ),
  },
  { what: 'an act with a token that is out of date', found: 'leadership:', plant: staleAct },
];

function sheetOf({ sheet }: Of<'ended'>): NonNullable<typeof sheet> {
  if (sheet === undefined) throw new Error('no sheet');
  return sheet;
}

/** What a subordinate was delivered, the leader was too. */
function toSuperior(history: History): History {
  const leads = (each: Recording): boolean =>
    each.kind === 'heard' && each.frame.type === 'welcome' && each.frame['rank'] === 0;
  const leader = history.recordings.find(leads)?.who ?? '';
  const copied = (each: Of<'heard'>): boolean => each.frame.type === 'command';
  return instead('heard', copied, each => [each, { ...each, who: leader }])(history);
}

/** It was sent when the last frame of all had been heard. */
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
