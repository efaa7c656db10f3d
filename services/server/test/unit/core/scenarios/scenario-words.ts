import type {
  CommandSender,
  Effect,
  Group,
  OutcomeEffect,
  ReceiptEffect,
  RosterChangedEffect,
} from '../../../../src/core/index.js';

/** Formats each effect as one line of a scenario's transcript. */

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const nobody = (session: string | undefined): string => session ?? 'nobody';
const because = (reason: string | undefined): string => (reason === undefined ? '' : ` (${reason})`);
const from = ({ name, rank }: CommandSender): string => `${name} of rank ${rank}`;
const listed = (items: readonly string[]): string => (items.length === 0 ? 'nobody' : items.join(', '));

export function changeInWords({ view, seq, cause, size }: RosterChangedEffect): string {
  const { kind, member, rank, reason } = cause;
  const where = kind === 'left' ? `from rank ${rank}` : `at rank ${rank}`;
  return `view ${view}, seq ${seq}: ${member.id} ${kind} ${where}${because(reason)}, size ${size}`;
}

function receiptInWords({ to, id, verdict, refused, refusedCount, unmatched }: ReceiptEffect): string {
  const head = `receipt ${id} to ${nobody(to)}: `;
  const said =
    verdict.kind === 'accepted'
      ? `accepted as seq ${verdict.seq} in view ${verdict.view}, ${plural(verdict.recipients, 'recipient')}, ${verdict.deadlineMs} ms`
      : verdict.code;
  const tail = refused.map(({ member, rank, code }) => `${member.id} of rank ${rank} ${code}`);
  const free = unmatched.length === 0 ? '' : `; unmatched: ${unmatched.join(', ')}`;
  return `${head}${said}${refusedCount === 0 ? '' : `; refused ${refusedCount}: ${tail.join(', ')}`}${free}`;
}

function outcomeInWords({ to, id, seq, recipients, counts, missing }: OutcomeEffect): string {
  const counted = Object.entries(counts).flatMap(([status, count]) => (count === 0 ? [] : [`${count} ${status}`]));
  const why = (code: string | undefined): string => (code === undefined ? '' : ` ${code}`);
  const rest = missing.map(({ member, rank, status, code }) => `${member.id} of rank ${rank} ${status}${why(code)}`);
  const tail = rest.length === 0 ? '' : `; missing: ${rest.join(', ')}`;
  return `outcome ${id} of seq ${seq} to ${nobody(to)}: ${counted.join(', ')} of ${recipients}${tail}`;
}

/** `group` is the state after the entry; undefined if the group does not exist. */
export function inWords(effect: Effect, group: Group | undefined): string {
  switch (effect.kind) {
    case 'welcomed': {
      const { session, rank, resumed, member } = effect;
      return `welcome to ${session}: ${resumed ? 'again ' : ''}${member.id}, rank ${rank}, slot ${member.slot}`;
    }
    case 'replaced':
      return `bye to ${effect.session}: REPLACED`;
    case 'removed':
      return `bye to ${effect.session}: REMOVED${because(effect.reason)}`;
    case 'turned-away':
      return `bye to ${effect.session}: ${effect.code} (${effect.detail})`;
    case 'waiting':
      return `waiting: ${listed(group?.waiting ?? [])}`;
    case 'roster-changed':
      return changeInWords(effect);
    case 'departed': {
      const { member, rank, reason, promoted } = effect;
      return `${member.id} departed from rank ${rank}${because(reason)}, ${promoted} promoted`;
    }
    case 'grace':
      return `grace of ${effect.member.id}: absence ${effect.absence ?? 'unnumbered'} lasts ${effect.ms} ms`;
    case 'ask-to-stop': {
      const { member, session, ask, waitMs } = effect;
      return `ask ${ask}: ${member.id} must stop, ${session ?? 'with no session'}, ${waitMs} ms at most`;
    }
    case 'released':
      return `released: ${effect.session}`;
    case 'reassure':
      return `reassured: ${effect.session}`;
    case 'resignation': {
      const { session, cause } = effect;
      return `answer to ${session}: resigned, rank ${cause.rank}`;
    }
    default:
      return commandInWords(effect, group);
  }
}

type CommandEffect = Extract<
  Effect,
  { kind: 'admin-receipt' | 'receipt' | 'deliver' | 'deadline' | 'recipient-ended' | 'outcome' | 'result-refused' }
>;

function commandInWords(effect: CommandEffect, group: Group | undefined): string {
  switch (effect.kind) {
    case 'admin-receipt': {
      const { to, id, verdict } = effect;
      const said = verdict.kind === 'accepted' ? `accepted, seq ${verdict.seq}, view ${verdict.view}` : verdict.code;
      return `receipt ${id} to ${to}: ${said}`;
    }
    case 'receipt':
      return receiptInWords(effect);
    case 'deliver': {
      const { ranges, seq, view, name, sender, resultWanted } = effect;
      const ids = ranges.flatMap(({ from, to }) => group?.roster.slice(from, to).map(({ id }) => id) ?? []);
      const wanted = resultWanted ? '' : ', no result wanted';
      return `deliver seq ${seq} in view ${view}: ${name} by ${from(sender)} to ${listed(ids)}${wanted}`;
    }
    case 'deadline':
      return `deadline of seq ${effect.seq}: ${effect.deadlineMs} ms from now`;
    case 'recipient-ended': {
      const { to, seq, recipient, rank, status, error } = effect;
      const why = error === undefined ? '' : ` ${error.code}`;
      return `seq ${seq}: ${recipient.id} of rank ${rank} ${status}${why}, sent to ${nobody(to)}`;
    }
    case 'outcome':
      return outcomeInWords(effect);
    case 'result-refused':
      return `error to ${effect.to}: ${effect.code} for seq ${effect.seq}`;
  }
}
