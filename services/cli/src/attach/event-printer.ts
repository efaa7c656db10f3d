/** How `rankctl attach` prints the events of its membership. */

import type { Membership } from '@rankd/client';
import type { Connection } from '../connection.js';
import { formatError } from '../output/format-error.js';
import { printableJson, rawJson } from '../output/json-output.js';
import { formatCause } from '../output/format-cause.js';
import type { InteractivePrompt } from './interactive-prompt.js';

/** Prints the events of the membership of `rankctl attach`. */
export function printMembershipEvents(
  membership: Membership,
  conversation: InteractivePrompt,
  connection: Connection,
): void {
  let isJustJoined = false;
  membership.on('joined', ({ rank, size, slot, member, resumed }) => {
    isJustJoined = true;
    const how = resumed ? 'back' : 'joined';
    const place = `rank ${rank} of ${size}${rank === 0 ? ': you lead' : ''}`;
    conversation.print(
      { event: 'joined', rank, size, slot, member, resumed },
      `${how} as ${membership.name ?? ''}, ${place}; type /help for the commands`,
    );
  });
  membership.on('waiting', ({ position, of }) => {
    conversation.print(
      { event: 'waiting', position, of },
      `the group is full: waiting for a seat, position ${position} of ${of}`,
    );
  });
  membership.on('rank', ({ rank, was, size, cause }) => {
    // A `rank` event may repeat the rank of `joined`. That rank is printed already.
    const isPrinted = was === undefined || (isJustJoined && rank === was);
    isJustJoined = false;
    if (isPrinted) return;
    const place = rank === was ? `still rank ${rank}` : `rank ${was} → ${rank}${rank === 0 ? ', you lead' : ''}`;
    conversation.print({ event: 'rank', rank, was, size, cause }, `${place} of ${size}: ${formatCause(cause)}`);
  });
  printInterruptions(membership, conversation, connection);
  membership.on('executed', ({ command: { name, seq, from }, argsJson, status, error }) => {
    const by = from.rank < 0 ? 'an administrator' : `${from.name} (rank ${from.rank})`;
    const payload = argsJson === undefined ? '' : ` ${printableJson(argsJson)}`;
    const ending = status === 'done' ? 'done' : `${status}, ${error?.message ?? ''}`;
    conversation.print(
      { event: 'executed', name, seq, from, args: rawJson(argsJson), status, error },
      `${by} orders ${name}${payload}: ${ending}`,
    );
  });
}

/** Why a member does not act on its rank. */
const reasons = {
  silence: 'the server does not answer',
  yield: 'the server asked for a yield',
  resign: 'you resign',
} as const;

function printInterruptions(membership: Membership, conversation: InteractivePrompt, connection: Connection): void {
  membership.on('suspended', ({ rank, because }) => {
    if (because === 'leave' || because === 'close') return;
    conversation.print({ event: 'suspended', rank, because }, `not acting on rank ${rank}: ${reasons[because]}`);
  });
  membership.on('acting', ({ rank }) => {
    conversation.print({ event: 'acting', rank }, `acting on rank ${rank} again`);
  });
  // Prints one line for each interruption. The command itself reports that the first attempt has failed.
  let isSeated = false;
  membership.on('joined', () => (isSeated = true));
  membership.on('disconnected', ({ error, retryInMs }) => {
    if (isSeated && retryInMs !== undefined) {
      const { code, message } = formatError(error, connection);
      conversation.print({ event: 'disconnected', code }, `${message}; reconnecting`);
    }
    isSeated = false;
  });
}
