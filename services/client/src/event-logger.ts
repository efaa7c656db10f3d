/** Logs the events of a membership. */

import { reasonInWords } from '@rankd/protocol';
import type { Clock } from './clock.js';
import type { AnyCommands, CommandsOf } from './commands/declared-commands.js';
import { ConnectionLogger } from './connection-logger.js';
import type { Logger } from './logger.js';
import type { Membership } from './membership.js';

/** The name of each suspension in the log, and the event that ends it. */
const suspensions = {
  silence: { state: 'suspended', until: 'the server answers again' },
  yield: { state: 'yielded', until: 'the server sends the next view' },
  resign: { state: 'resigned', until: 'the server sends the new rank' },
} as const;

/**
 * Logs the events of a membership. Each line has `event` with a stable name for programs, and a sentence for people. No payload
 * is logged.
 */
export function logMembership<C extends CommandsOf<C> = AnyCommands>(
  membership: Membership<C>,
  logger: Logger,
  clock: Clock,
  joinWithinMs?: number,
): void {
  const connection = new ConnectionLogger(logger, clock, joinWithinMs);
  membership.on('connecting', event => connection.logConnecting(event));
  membership.on('disconnected', event => connection.logDisconnected(event));
  membership.on('closed', () => connection.stop());
  membership.on('joined', ({ rank, size, slot, member, resumed }) => {
    connection.logConnected();
    logger.info(
      { event: 'joined', rank, size, slot, member, resumed },
      `${resumed ? 'back' : 'joined'} with rank ${rank} of ${size}${rank === 0 ? ': I lead' : ''}`,
    );
  });
  membership.on('rank', ({ rank, was, size, cause }) => {
    // The first rank after joining or resuming is logged with the event `joined`.
    if (was === undefined || rank >= was || cause.kind === 'joined' || cause.kind === 'resumed') return;
    const why = `${cause.name} ${cause.kind}${cause.reason === undefined ? '' : ` (${reasonInWords(cause.reason)})`}`;
    const lead = rank === 0 ? ' and lead now' : '';
    logger.info(
      { event: 'promoted', rank, was, size, cause: why },
      `I am promoted from rank ${was} to rank ${rank}${lead}: ${why}`,
    );
  });
  membership.on('suspended', ({ rank, because }) => {
    // The program itself logs that it leaves.
    if (because === 'leave' || because === 'close') return;
    const { state, until } = suspensions[because];
    logger.warn({ event: 'suspended', rank, because }, `${state}: not acting on rank ${rank} until ${until}`);
  });
  membership.on('acting', ({ rank }) => {
    logger.info({ event: 'acting', rank }, `acting on rank ${rank} again`);
  });
  membership.on('waiting', ({ position, of }) => {
    connection.logConnected();
    logger.info(
      { event: 'waiting', position, of },
      `the group is full: waiting for a seat, position ${position} of ${of}`,
    );
  });
  logExecutions(membership, logger);
}

function logExecutions<C extends CommandsOf<C>>(membership: Membership<C>, logger: Logger): void {
  membership.on('executed', ({ command, ownRank, status, error }) => {
    const { name, seq, from } = command;
    const fields = {
      event: 'command.executed',
      name,
      seq,
      from: from.name,
      fromRank: from.rank,
      rank: ownRank,
      status,
    };
    // An administrator has no rank. The server sends -1.
    const sender = from.rank < 0 ? 'an administrator' : `rank ${from.rank}`;
    const by = `by order of ${from.name} (${sender})`;
    const own = `I am rank ${ownRank}`;
    if (status === 'done') {
      logger.info(fields, `command ${name} #${seq} has been executed ${by}; ${own}`);
      return;
    }
    const how = status === 'failed' ? 'has failed' : 'was refused';
    logger.warn(
      { ...fields, code: error?.code },
      `command ${name} #${seq} ${by} ${how}: ${error?.message ?? ''}; ${own}`,
    );
  });
}
