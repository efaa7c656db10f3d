/** The verb `attach`. */

import type { RankdError } from '@rankd/client';
import { join, type CommandOptions, type Membership, type Target } from '@rankd/client';
import { argsFromText } from '@rankd/client/internal';
import { readTlsFiles } from '@rankd/startup/tls-files';
import { InteractivePrompt } from '../attach/interactive-prompt.js';
import { open } from '../connection.js';
import { formatError } from '../output/format-error.js';
import { UsageError } from '../errors.js';
import { printMembershipEvents } from '../attach/event-printer.js';
import { parseTarget } from '../sending/parse-target.js';
import { formatUnsent, reducedDeadline } from '../output/command-report.js';
import { rosterTable } from '../output/roster-table.js';
import { parseInput, type ParsedInput } from '../attach/input-parser.js';
import type { CommandContext, ExitCode } from './command-context.js';

interface AttachOptions {
  readonly name: string;
  /** The commands that this member answers with `done`. It refuses others with NO_HANDLER. */
  readonly handles: readonly string[];
}

/** How long to try to join, ms. It is short, so that a user soon learns that there is no server. */
const firstJoinMs = 2000;

const help = `  NAME [JSON] [--to below|all|RANKS] [--deadline MS]   sends a command, by default to your subordinates
           --to also takes name:NAME and tag:KEY=VALUE
  /ls      lists the members
  /resign  gives up your rank: you go behind the last present member
  /quit    leaves; Ctrl-D leaves too
  /help    prints this help`;

/**
 * Joins as a member, prints its events, and sends the commands that are typed, until `/quit`, the end of the input or a signal. If the
 * input is no terminal, a program wrote it: the exit code is then 0 only if every line was understood and every command was executed by all
 * of its targets.
 */
export async function attach(call: CommandContext, { name, handles }: AttachOptions): Promise<ExitCode> {
  call.terminal.watchReaders();
  const conversation = new InteractivePrompt(call);
  const membership = await joined(call, conversation, { name, handles });
  const closed = new Promise<RankdError | undefined>(resolve =>
    membership.once('closed', ({ error }) => resolve(error)),
  );
  const leave = (): void => void membership.leave();
  process.on('SIGTERM', leave);
  const { unread } = call.terminal;
  unread.addEventListener('abort', leave);
  // Writing the first line may have failed before the listener was added.
  if (unread.aborted) leave();
  const attached = { call, membership, conversation };
  const failures = { count: 0 };
  const fail = (failure: unknown): void => {
    failures.count += 1;
    printFailure(failure, attached);
  };
  conversation.open(
    async line => {
      if (!(await answer(line, attached))) failures.count += 1;
    },
    leave,
    fail,
  );
  const error = await closed;
  await conversation.end();
  process.off('SIGTERM', leave);
  if (error !== undefined) throw formatError(error, call.connection);
  return failures.count === 0 || process.stdin.isTTY ? 0 : 1;
}

async function joined(
  { connection }: CommandContext,
  conversation: InteractivePrompt,
  { name, handles }: AttachOptions,
): Promise<Membership> {
  const { url, group, token, tls } = connection;
  const membership = await join(url, {
    group,
    name,
    ...(token === undefined ? {} : { token }),
    tls: () => readTlsFiles(tls),
    updates: 'size',
    joinWithinMs: firstJoinMs,
    prepare: member => {
      printMembershipEvents(member, conversation, connection);
      for (const handled of handles) member.handle(handled, () => null);
    },
  });
  return membership;
}

interface Attached {
  readonly call: CommandContext;
  readonly membership: Membership;
  readonly conversation: InteractivePrompt;
}

/** Answers a line. Returns whether it was done. Ignores a line after `/quit`. */
async function answer(line: string, attached: Attached): Promise<boolean> {
  if (attached.membership.isClosed) return true;
  try {
    return await perform(parseInput(line), attached);
  } catch (error) {
    printFailure(error, attached);
    return false;
  }
}

function printFailure(error: unknown, { conversation, call }: Attached): void {
  if (error instanceof UsageError) {
    conversation.print({ event: 'misunderstood' }, error.message);
    return;
  }
  const { code, message } = formatError(error, call.connection);
  conversation.print({ event: 'failed', code }, message);
}

async function perform(spoken: ParsedInput, { call, membership, conversation }: Attached): Promise<boolean> {
  if (spoken.kind === 'nothing') return true;
  if (spoken.kind === 'order') return await order(spoken, membership, conversation);
  if (spoken.what === 'quit') {
    await membership.leave();
  } else if (spoken.what === 'resign') {
    await membership.resign();
  } else if (spoken.what === 'help') {
    conversation.show({ event: 'help' }, help);
  } else {
    using observer = await open(call.connection);
    const roster = await observer.roster();
    conversation.show({ event: 'roster', ...roster }, rosterTable(roster, Date.now(), call.terminal).join('\n'));
  }
  return true;
}

/** Sends a command and prints its outcome. Returns whether every target executed it. */
async function order(
  { name, argsJson, to, deadlineMs }: Extract<ParsedInput, { kind: 'order' }>,
  membership: Membership,
  conversation: InteractivePrompt,
): Promise<boolean> {
  const options: CommandOptions = { to: targetOf(to), ...(deadlineMs === undefined ? {} : { deadlineMs }) };
  const args = argsJson === undefined ? undefined : argsFromText(argsJson);
  const sheet = await membership.command(name, args, options);
  const missing = sheet.missing.map(
    ({ name: who, rank, status, code }) => `${who} (rank ${rank}): ${status}${code === undefined ? '' : `, ${code}`}`,
  );
  const rest = [...missing, ...sheet.unsent.map(formatUnsent)].join(', ');
  const { seq, done, recipients, ms, unsent, deadlineMs: appliedMs } = sheet;
  const sentences = [
    `${name} #${seq}: ${done} of ${recipients} executed it after ${ms} ms`,
    ...(rest === '' ? [] : [`not done: ${rest}`]),
    ...[reducedDeadline(deadlineMs, appliedMs)].filter(sentence => sentence !== undefined),
  ];
  const lists = { missing: sheet.missing, refused: sheet.outranked, unsent };
  const fields = { event: 'outcome', name, seq, done, recipients, ms, deadlineMs: appliedMs, ...lists };
  conversation.print(fields, sentences.join('; '));
  return sheet.all('done');
}

function targetOf(to: string): Target {
  return to === 'below' ? to : parseTarget(to);
}
