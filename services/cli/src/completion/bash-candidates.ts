/** Quotes the names of members for completion in bash. */

import { assertNever } from '@rankd/protocol';

/** The word that bash completes, as it was typed. */
export interface TypedWord {
  /** The part that stays in the line: an opening quote, or text that ends with `:`, `=` or `@`. readline ends a word there. */
  readonly kept: string;
  /** The part that the candidate replaces. */
  readonly replaced: string;
}

type Quote = 'none' | 'single' | 'double';

interface Reading {
  readonly value: string;
  /** The quote that is open at the end. Undefined after a backslash. */
  readonly quote: Quote | undefined;
}

/**
 * Returns the names that begin with what was typed. Each is quoted so that readline can insert it in place of `replaced`. Bash
 * then reads `kept` and the candidate as one word, which is the name, and evaluates no part of it. This function evaluates no
 * typed text.
 */
export function bashCandidates({ kept, replaced }: TypedWord, names: readonly string[]): string[] {
  const before = read(kept, { value: '', quote: 'none' });
  const { quote } = before;
  if (quote === undefined || hasActiveCharacter(kept)) return [];
  const { value } = read(replaced, before);
  return names
    .filter(name => name.startsWith(value))
    .map(name => withQuotes(quoted(name.slice(before.value.length), quote), quote));
}

/** Returns the literal text of what was typed. `begun` is the state after the text before it. */
function read(typed: string, begun: Reading): Reading {
  let { value, quote } = begun;
  let isEscaped = false;
  for (const character of typed) {
    if (isEscaped) {
      // Within double quotes a backslash before any other character is literal.
      value += quote === 'double' && !'$`"\\'.includes(character) ? `\\${character}` : character;
      isEscaped = false;
    } else if (character === '\\' && quote !== 'single') isEscaped = true;
    else if (character === "'" && quote !== 'double') quote = quote === 'single' ? 'none' : 'single';
    else if (character === '"' && quote !== 'single') quote = quote === 'double' ? 'none' : 'double';
    else value += character;
  }
  return { value, quote: isEscaped ? undefined : quote };
}

/** Returns whether the kept part has a character that bash expands, or that is part of a pattern. */
function hasActiveCharacter(kept: string): boolean {
  const bare = kept.replaceAll(/\\.|'[^']*'?/gsu, '');
  return /[$`!]/.test(bare) || /[~*?[{<>|&;()#]/.test(bare.replaceAll(/"[^"]*"?/g, ''));
}

/**
 * If a candidate begins or ends with the open quote, readline takes that quote for the opening or the closing one. So the quote
 * is doubled.
 */
function withQuotes(candidate: string, quote: Quote): string {
  if (quote === 'none') return candidate;
  const mark = quote === 'single' ? "'" : '"';
  return `${candidate.startsWith(mark) ? mark : ''}${candidate}${candidate.endsWith(mark) ? mark : ''}`;
}

/** Quotes the text for the open quote `quote`. readline adds the closing quote. */
function quoted(text: string, quote: Quote): string {
  switch (quote) {
    case 'none':
      // Characters beyond ASCII need no quoting.
      return text.replaceAll(/[\0-\x7f]/g, character =>
        /[\w%+,./:=@-]/.test(character) ? character : `\\${character}`,
      );
    case 'single':
      return text.replaceAll("'", String.raw`'\''`);
    case 'double':
      // Bash expands the history within double quotes, even after a backslash.
      return text.replaceAll(/[$`"\\]/g, String.raw`\$&`).replaceAll('!', `"'!'"`);
    default:
      return assertNever(quote);
  }
}
