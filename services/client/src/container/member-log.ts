import { reasonInWords } from '@rankd/protocol';
import type { Logger } from '@rankd/startup';
import type { Membership } from '../membership.js';

/** Logs what happens to a member, in the contract's words: `event` for machines, a sentence for people. No payloads. */
export function logMembership(membership: Membership, logger: Logger): void {
  membership.on('connecting', ({ address, attempt }) => {
    logger.info(
      { event: 'connecting', address, attempt },
      `connecting to ${address}${attempt > 1 ? `, attempt ${attempt}` : ''}`,
    );
  });
  membership.on('joined', ({ rank, size, slot, member }) => {
    logger.info(
      { event: 'joined', rank, size, slot, member },
      `joined with rank ${rank} of ${size}${rank === 0 ? ': I lead' : ''}`,
    );
  });
  membership.on('rank', ({ rank, was, size, cause }) => {
    if (was === undefined || rank >= was) return;
    const why = `${cause.name} ${cause.kind}${cause.reason === undefined ? '' : ` (${reasonInWords(cause.reason)})`}`;
    const lead = rank === 0 ? ' and lead now' : '';
    logger.info(
      { event: 'promoted', rank, was, size, cause: why },
      `I am promoted from rank ${was} to rank ${rank}${lead}: ${why}`,
    );
  });
  membership.on('suspended', ({ rank }) => {
    logger.warn({ event: 'suspended', rank }, `the coordinator is not heard: I act on rank ${rank} no more`);
  });
  membership.on('disconnected', ({ error, retryInMs }) => {
    const next = retryInMs === undefined ? 'not trying again' : `trying again in ${retryInMs} ms`;
    logger.warn({ event: 'disconnected', code: error.code, retryInMs }, `${error.message} (${error.code}); ${next}`);
  });
  logExecutions(membership, logger);
}

function logExecutions(membership: Membership, logger: Logger): void {
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
    const by = `by order of ${from.name} (rank ${from.rank}); I am rank ${ownRank}`;
    if (status === 'done') logger.info(fields, `command ${name} #${seq} has been executed ${by}`);
    else
      logger.warn(
        { ...fields, code: error?.code },
        `command ${name} #${seq} has not been executed, ${error?.message ?? status}: ${by}`,
      );
  });
}
