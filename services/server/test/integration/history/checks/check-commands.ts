import type { Counts, History, Recording } from '../history.js';

type Sent = Extract<Recording, { kind: 'sent' }>;
type Ended = Extract<Recording, { kind: 'ended' }>;
type Executed = Extract<Recording, { kind: 'executed' }>;

const COUNTED = ['done', 'failed', 'refused', 'expired', 'left'] as const;

const endedCount = (sheet: Counts): number => COUNTED.reduce((sum, status) => sum + sheet[status], 0);

function byToken<T extends { readonly token: string }>(recordings: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of recordings) groups.set(each.token, [...(groups.get(each.token) ?? []), each]);
  return groups;
}

/** R-CMD-9: a member executes a command at most once, only from a superior, and only if it was sent. */
function checkExecutions(executed: ReadonlyMap<string, Executed[]>, sent: ReadonlyMap<string, Sent[]>): string[] {
  const complaints: string[] = [];
  for (const [token, all] of executed) {
    if (!sent.has(token)) complaints.push(`commands: ${token} was executed and never sent`);
    if (new Set(all.map(({ who }) => who)).size < all.length)
      complaints.push(`commands: ${token} was executed twice by one`);
    for (const { who, from, own } of all) {
      if (own !== undefined && from >= own)
        complaints.push(`commands: ${who} at rank ${own} executed ${token} of rank ${from}`);
    }
  }
  return complaints;
}

/**
 * R-CMD-3, R-CMD-7: each command ends once. Its outcome counts each recipient once, and at most as many done as were
 * executed.
 */
function checkEnding(sent: Sent, ended: readonly Ended[], executions: number, killed: ReadonlySet<string>): string[] {
  const { token, who } = sent;
  const [only] = ended;
  if (only === undefined) return killed.has(who) ? [] : [`commands: ${token} was sent and never ended`];
  if (ended.length > 1) return [`commands: ${token} ended twice`];
  const { sheet, code } = only;
  if (sheet === undefined) {
    const isRefused = code !== 'OUTCOME_UNKNOWN' && code !== 'NOT_CONNECTED' && code !== 'ABORTED';
    return isRefused && executions > 0 ? [`commands: ${token} was refused with ${code ?? ''} and executed`] : [];
  }
  const complaints: string[] = [];
  if (endedCount(sheet) !== sheet.recipients) complaints.push(`commands: the outcome of ${token} does not add up`);
  if (sheet.done > executions)
    complaints.push(`commands: ${token} was done ${sheet.done} times, executed ${executions} times`);
  const mayHave = sheet.done + sheet.failed + sheet.expired + sheet.left;
  if (executions > mayHave)
    complaints.push(`commands: ${token} was executed by ${executions} members, of which ${mayHave} may have`);
  return complaints;
}

export function checkCommands({ recordings, killed }: History): string[] {
  const sent = byToken(recordings.filter(each => each.kind === 'sent'));
  const ended = byToken(recordings.filter(each => each.kind === 'ended'));
  const executed = byToken(recordings.filter(each => each.kind === 'executed'));
  const complaints = checkExecutions(executed, sent);
  for (const [token, [first]] of sent) {
    if (first === undefined) continue;
    complaints.push(...checkEnding(first, ended.get(token) ?? [], executed.get(token)?.length ?? 0, killed));
  }
  for (const token of ended.keys())
    if (!sent.has(token)) complaints.push(`commands: ${token} ended and was never sent`);
  return complaints;
}

/** How many recipients or whole commands ended neither done nor certainly not done. */
export function unknownCount({ recordings }: History): number {
  let count = 0;
  for (const each of recordings) {
    if (each.kind !== 'ended') continue;
    if (each.sheet !== undefined) count += each.sheet.expired + each.sheet.left;
    else if (each.code === 'OUTCOME_UNKNOWN') count += 1;
  }
  return count;
}
