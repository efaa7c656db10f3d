/** The verb `why`. */

import type { History, Roster } from '@rankd/client/observer';
import { limits, printable } from '@rankd/protocol';
import { formatCause, formatChange } from '../output/format-cause.js';
import { open } from '../connection.js';
import { noMembersLine } from '../output/empty-group.js';
import { formatAge } from '../output/format-duration.js';
import { rankHistory, type RankStep, type HistoryChange } from '../rank-history.js';
import { textTable } from '../output/text-table.js';
import { writeJson, type CommandContext, type ExitCode } from './command-context.js';
import { findMember } from '../find-member.js';

/** Prints the last rank changes and their causes. For one member, it prints only what changed that member's rank. */
export async function why(call: CommandContext, wanted: string | undefined, limit: number): Promise<ExitCode> {
  using observer = await open(call.connection);
  const [history, roster] = await Promise.all([observer.history(limits.historyMax), observer.roster()]);
  const story = rankHistory(history, roster);
  if (wanted === undefined) printAll(call, roster, story.slice(0, limit));
  else printOne(call, { roster, history, wanted, story, limit });
  return 0;
}

function printAll(call: CommandContext, { group, view, size }: Roster, story: readonly HistoryChange[]): void {
  const { terminal } = call;
  if (call.json) {
    writeJson(call, { group, view, size, changes: story.map(({ change, steps }) => ({ ...change, steps })) });
    return;
  }
  const rows = story.map(({ change, steps }) => {
    const own = steps.find(({ member }) => member === change.cause.member);
    const promoted = steps.filter(step => step !== own && isPromotion(step)).length;
    return [
      formatAge(change.at, Date.now()),
      String(change.view),
      { text: change.cause.name, style: 'bold' as const },
      formatChange(change.cause),
      formatStep(own),
      promoted === 0 ? '' : `${promoted} moved up`,
      String(change.size),
    ];
  });
  const title = `group ${terminal.paint('bold', printable(group))} · ${size} members · view ${view}`;
  const titles = ['AGO', 'VIEW', 'MEMBER', 'WHAT', 'RANK', 'OTHERS', 'SIZE'];
  const table = rows.length === 0 ? [noChangesLine(size)] : textTable(titles, rows, terminal);
  terminal.write([title, ...table].join('\n'));
}

function noChangesLine(size: number): string {
  const line = 'The history has no changes yet.';
  return size === 0 ? `${line} ${noMembersLine}` : line;
}

interface Question {
  readonly roster: Roster;
  readonly history: History;
  readonly wanted: string;
  readonly story: readonly HistoryChange[];
  readonly limit: number;
}

function printOne(call: CommandContext, { roster, history, wanted, story, limit }: Question): void {
  const { terminal } = call;
  const { member, name } = findOnce(roster, history, wanted);
  const told = story
    .map(({ change, steps }) => ({ change, step: steps.find(step => step.member === member) }))
    .filter(({ change, step }) => step !== undefined || change.cause.member === member)
    .slice(0, limit);
  const rank = roster.members.find(row => row.member === member)?.rank;
  if (call.json) {
    writeJson(call, {
      group: roster.group,
      member,
      name,
      rank,
      changes: told.map(({ change, step }) => ({ ...change, ...step })),
    });
    return;
  }
  const now = rank === undefined ? 'has left' : `has rank ${rank} of ${roster.size}`;
  const rows = told.map(({ change, step }) => [
    formatAge(change.at, Date.now()),
    String(change.view),
    { text: formatStep(step), style: 'bold' as const },
    change.cause.member === member ? `it ${formatChange(change.cause)}` : formatCause(change.cause),
  ]);
  const table =
    rows.length === 0
      ? ['The history has no change of this rank.']
      : textTable(['AGO', 'VIEW', 'RANK', 'BECAUSE'], rows, terminal);
  terminal.write([`${terminal.paint('bold', printable(name))} (${printable(member)}) ${now}`, ...table].join('\n'));
  if (story.some(({ change: { cause }, steps }) => steps.length === 0 && hasSteps[cause.kind])) {
    terminal.say('the history is incomplete: some rank changes that other members caused are missing');
  }
}

/** Which kinds of change always change a rank. */
const hasSteps = { joined: true, left: true, moved: true, away: false, resumed: false } as const;

/** Returns a present member, or one that the history names. */
function findOnce(
  roster: Roster,
  { changes }: History,
  wanted: string,
): { readonly member: string; readonly name: string } {
  const isWanted = ({ member, name }: { member: string; name: string }): boolean =>
    member === wanted || name === wanted;
  const past = changes.map(({ cause }) => cause).find(isWanted);
  return past === undefined || roster.members.some(isWanted) ? findMember(roster, wanted) : past;
}

function isPromotion({ was, rank }: RankStep): boolean {
  return was !== undefined && rank !== undefined && rank < was;
}

/** `→ 3`: joined. `2 → 1`: moved. `0 → gone`: left. */
function formatStep(step: RankStep | undefined): string {
  if (step === undefined) return '';
  return `${step.was ?? ''} → ${step.rank ?? 'gone'}`.trim();
}
