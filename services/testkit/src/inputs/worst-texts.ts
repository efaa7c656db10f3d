/** Long texts for which a bad regular expression takes very long. */

/** Pieces of long texts. A count of characters or a regular expression can read each of them in two ways. */
const pieces: Readonly<Record<string, string>> = {
  letters: 'x',
  'surrogate pairs': '\u{1f600}',
  'high surrogates': '\ud83d',
  'combining marks': 'e\u0301',
  backslashes: '\\',
  quotes: '"',
  'JSON escapes': '\\u00e9',
  spaces: ' ',
  slashes: '/',
  'at signs': '@a',
  entries: 'a=b,',
  hosts: 'h:1,',
  brackets: '[(',
};

/** Endings at which a pattern fails after it has read nearly all of the text. */
const endings = ['', '\n', '\ud83d'];

/** A kind of long text. */
export interface WorstText {
  readonly name: string;
  /** Returns a text that repeats the piece `chars` times and ends with the ending. */
  readonly make: (chars: number) => string;
}

/** Returns long texts that nearly match. Each starts with `prefix`, for example the scheme of a URL. */
export function worstTexts(prefix = ''): readonly WorstText[] {
  return Object.entries(pieces).flatMap(([name, piece]) => {
    return endings.map(ending => ({
      name: `${JSON.stringify(prefix)} ${name} and ${JSON.stringify(ending)}`,
      make: (chars: number) => `${prefix}${piece.repeat(chars)}${ending}`,
    }));
  });
}
