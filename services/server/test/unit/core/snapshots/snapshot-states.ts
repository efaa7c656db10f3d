import type { CoordinatorSnapshot, GroupSnapshot } from '../../../../src/core/index.js';
import { SCRIPT_RULES } from '../reference/random-script.js';

/** The states that a snapshot can contain, each with a name, to check that the random scripts produce all of them. */

type States = Readonly<Record<string, boolean>>;

const membersIn = ({ name, order, commanders, waiting, frozen }: GroupSnapshot): States => {
  const members = order.roster.flatMap(number => commanders[number] ?? []);
  const slots = members.flatMap(({ seat }) => seat?.slot ?? []);
  const isAway = (because: string): boolean =>
    members.some(({ presence }) => presence.kind === 'away' && presence.because === because);
  return {
    'away, lost': isAway('lost'),
    'away since a restart': isAway('restart'),
    'departed from a frozen order': frozen && members.some(({ presence }) => presence.kind === 'gone'),
    'an earlier secret': members.some(({ seat }) => seat?.secrets.earlier !== undefined),
    'an allowance that is used up': members.some(({ allowance }) => (allowance?.thousandths ?? 1000) < 1000),
    'a free slot': Math.max(...slots) >= slots.length,
    'a later leader': order.leaderView > 1,
    'a full waitlist': waiting.length === SCRIPT_RULES.waitlistMax,
    'a full history': order.history.length === SCRIPT_RULES.historyMax,
    'history of a departed member': order.history.some(({ cause }) => !order.roster.includes(cause.member)),
    'another group': name !== 'default',
  };
};

const heldIn = ({ handover, commanders }: GroupSnapshot): States => {
  const leader = handover.leader === undefined ? undefined : commanders[handover.leader];
  const holds = (kind: string): boolean => handover.held.some(decision => decision.kind === kind);
  return {
    'a held move': holds('move'),
    'a held removal': holds('remove'),
    'a held end': holds('end'),
    'several held': handover.held.length > 1,
    'an ask to a present leader': leader?.presence.kind === 'present',
    'an ask to an away leader': leader?.presence.kind === 'away',
    'asked more than once': handover.asks > 1,
  };
};

const commandsIn = ({ commanding, commanders }: GroupSnapshot): States => {
  const { open, admins } = commanding;
  const senders = open.flatMap(({ commander }) => commanders[commander] ?? []);
  const gone = senders.filter(({ presence }) => presence.kind === 'gone');
  return {
    'an administrator': admins.length > 0,
    'several open': open.length > 1,
    'open, of a departed member': gone.some(({ seat }) => seat !== undefined),
    'open, of an administrator': senders.some(({ seat, presence }) => seat === undefined && presence.kind !== 'gone'),
    'open, of a departed administrator': gone.some(({ seat }) => seat === undefined),
    'open, some ended': open.some(({ counts, awaited }) => counts.done > 0 && awaited.length > 0),
    'open, some departed': open.some(({ counts }) => counts.left > 0),
    'open, ended out of order': open.some(({ missing }) =>
      missing.some(({ rank }, index) => rank < (missing[index - 1]?.rank ?? 0)),
    ),
  };
};

function statesOf({ groups, frozen, epochLast }: CoordinatorSnapshot): States {
  const whole = { frozen, 'several groups': groups.length > 1, 'an earlier epoch': isPast(groups, epochLast) };
  const states: Record<string, boolean> = {};
  for (const some of [whole, ...groups.flatMap(group => [membersIn(group), heldIn(group), commandsIn(group)])]) {
    for (const [state, holds] of Object.entries(some)) states[state] = holds || states[state] === true;
  }
  return states;
}

/** The names of the states that the snapshot contains, in the coordinator or in any group. */
export function statesIn(snapshot: CoordinatorSnapshot): string[] {
  const states = statesOf(snapshot);
  return Object.keys(states).filter(state => states[state]);
}

const isPast = (groups: readonly GroupSnapshot[], epochLast: number): boolean =>
  groups.every(({ order }) => order.epoch < epochLast);

const NOTHING: GroupSnapshot = {
  name: '',
  frozen: false,
  commanders: [],
  order: { epoch: 0, view: 0, seq: 0, leaderView: 0, roster: [], history: [] },
  absences: 0,
  epochClaims: 'open',
  waiting: [],
  handover: { held: [], asks: 0 },
  commanding: { admins: [], open: [] },
};

/** The names of all states. */
export const STATES: readonly string[] = Object.keys(
  statesOf({ epochLast: 0, frozen: false, timekeeper: 'servers', startLast: 0, groups: [NOTHING] }),
);
