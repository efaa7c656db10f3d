/** Parses the target of a command. */

import type { Target } from '@rankd/protocol';
import { checkFields } from '../check-arguments.js';
import { UsageError } from '../errors.js';
import { parseRanks } from '../parse-ranks.js';

/** The form of a target, for help texts. */
export const TARGET_FORMS = 'all, ranks such as 0 or 1,3-5, name:NAME, or tag:KEY=VALUE';

/**
 * Parses `all`, ranks such as `1,3-5`, `name:NAME` (all members with this name) or `tag:KEY=VALUE`.
 * @throws UsageError
 */
export function parseTarget(text: string): Target {
  if (text === 'all') return 'all';
  if (text.startsWith('name:')) {
    const name = text.slice('name:'.length);
    checkFields({ type: 'hello', name }, { name: 'the name in --to name:NAME' });
    return { names: [name] };
  }
  if (text.startsWith('tag:')) return { tags: parseTag('--to tag:KEY=VALUE', text.slice('tag:'.length)) };
  try {
    return { ranks: parseRanks(text) };
  } catch (error) {
    if (!(error instanceof UsageError) || /^[\d\s,-]+$/.test(text)) throw error;
    throw new UsageError(
      `${JSON.stringify(text)} is not a list of ranks such as 0 or 1,3-5, and not one of: ${TARGET_FORMS}`,
    );
  }
}

/**
 * Parses `KEY=VALUE`. The value may contain `=`.
 * @param argument the option, for the error
 * @throws UsageError
 */
export function parseTag(argument: string, text: string): Record<string, string> {
  const at = text.indexOf('=');
  const key = text.slice(0, at);
  // The protocol does not allow this key (R-FRAME-3).
  if (at <= 0 || key === '__proto__')
    throw new UsageError(`${argument}: ${JSON.stringify(text)} is not of the form KEY=VALUE`);
  const tags = { [key]: text.slice(at + 1) };
  checkFields({ type: 'hello', tags }, { tags: argument });
  return tags;
}
