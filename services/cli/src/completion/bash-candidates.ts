import { assertNever } from '@rankd/protocol';

/** What bash has of the word that is completed, as it was typed. */
export interface TypedWord {
  /** Stays in the line: an opening quote, or what ends with `:`, `=` or `@`, which end a word for readline. */
  readonly kept: string;
  /** Is replaced by the candidate. */
  readonly replaced: string;
}

type Quote = 'none' | 'single' | 'double';

interface Reading {
  readonly value: string;
  /** The quote that is open at the end; undefined after a backslash. */
  readonly quote: Quote | undefined;
}

/**
 * Returns those of `names` that begin with what was typed, each as text that readline inserts in place of `replaced`. Bash reads
 * `kept` and the candidate as that name, as one word, and evaluates none of it. Nothing that was typed is evaluated here.
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

/** The literal text of what was typed, after that which `begun` tells. */
function read(typed: string, begun: Reading): Reading {
  let { value, quote } = begun;
  let isEscaped = false;
  for (const character of typed) {
    if (isEscaped) {
      // Within double quotes a backslash before any other character stands for itself.
      value += quote === 'double' && !'$`"\\'.includes(character) ? `\\${character}` : character;
      isEscaped = false;
    } else if (character === '\\' && quote !== 'single') isEscaped = true;
    else if (character === "'" && quote !== 'double') quote = quote === 'single' ? 'none' : 'single';
    else if (character === '"' && quote !== 'single') quote = quote === 'double' ? 'none' : 'double';
    else value += character;
  }
  return { value, quote: isEscaped ? undefined : quote };
}

/** What stays in the line has to mean itself, too: no expansion, no pattern. */
function hasActiveCharacter(kept: string): boolean {
  const bare = kept.replaceAll(/\\.|'[^']*'?/gsu, '');
  return /[$`!]/.test(bare) || /[~*?[{<>|&;()#]/.test(bare.replaceAll(/"[^"]*"?/g, ''));
}

/** Where a candidate begins or ends with the quote that is open, readline takes that for the opening or the closing one. */
function withQuotes(candidate: string, quote: Quote): string {
  if (quote === 'none') return candidate;
  const mark = quote === 'single' ? "'" : '"';
  return `${candidate.startsWith(mark) ? mark : ''}${candidate}${candidate.endsWith(mark) ? mark : ''}`;
}

/** The text within `quote`, which is open and stays so: readline closes it. */
function quoted(text: string, quote: Quote): string {
  switch (quote) {
    case 'none':
      // A character beyond ASCII means itself everywhere.
      return text.replaceAll(/[\0-\x7f]/g, character =>
        /[\w%+,./:=@-]/.test(character) ? character : `\\${character}`,
      );
    case 'single':
      return text.replaceAll("'", String.raw`'\''`);
    case 'double':
      // The history is expanded within double quotes, whatever stands before.
      return text.replaceAll(/[$`"\\]/g, String.raw`\$&`).replaceAll('!', `"'!'"`);
    default:
      return assertNever(quote);
  }
}
