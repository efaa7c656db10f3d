/** The query of `POST /commands/NAME`. */

import type { CommandOptions } from '@rankd/client';
import { RankdError } from '@rankd/client/internal';
import { UsageError } from '../../errors.js';
import { parseInteger } from '../../parse-integer.js';
import { parseTarget } from '../../sending/parse-target.js';

const DEADLINE_MS_MAX = 86_400_000;
const replies = ['each', 'outcome'] as const;
const parameters: ReadonlySet<string> = new Set(['to', 'deadlineMs', 'reply']);

/**
 * Parses the query of a command.
 * @throws RankdError BAD_ARGUMENT
 */
export function parseCommandQuery(query: URLSearchParams): CommandOptions {
  for (const name of query.keys()) {
    if (!parameters.has(name)) throw badArgument(`${JSON.stringify(name)} is not one of ${[...parameters].join(', ')}`);
    if (query.getAll(name).length > 1) throw badArgument(`the query has ${name} twice: send it once`);
  }
  const [to, deadlineMs] = [query.get('to'), query.get('deadlineMs')];
  return {
    reply: parseReply(query.get('reply') ?? 'each'),
    ...(to === null ? {} : { to: to === 'below' ? to : withoutUsage(() => parseTarget(to)) }),
    ...(deadlineMs === null
      ? {}
      : { deadlineMs: withoutUsage(() => parseInteger('deadlineMs', deadlineMs, 1, DEADLINE_MS_MAX)) }),
  };
}

function parseReply(text: string): (typeof replies)[number] {
  const reply = replies.find(known => known === text);
  if (reply === undefined) throw badArgument(`reply ${JSON.stringify(text)} is not one of ${replies.join(', ')}`);
  return reply;
}

function badArgument(detail: string): RankdError {
  return new RankdError('BAD_ARGUMENT', detail);
}

/** Calls `parse`. A UsageError becomes a BAD_ARGUMENT, because the reader of the answer is a program. */
function withoutUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof UsageError) throw badArgument(error.message);
    throw error;
  }
}
