/** Pieces of which a long text is made: what a check that counts characters, or a pattern, can read in two ways. */
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

/** What makes a long text miss at its very end, when a pattern has read nearly all of it. */
const endings = ['', '\n', '\ud83d'];

export interface WorstText {
  readonly name: string;
  /** A text of `chars` pieces and its ending. */
  readonly make: (chars: number) => string;
}

/** Long texts that are near misses, each behind `prefix`, such as the scheme of an URL. */
export function worstTexts(prefix = ''): readonly WorstText[] {
  return Object.entries(pieces).flatMap(([name, piece]) => {
    return endings.map(ending => ({
      name: `${JSON.stringify(prefix)} ${name} and ${JSON.stringify(ending)}`,
      make: (chars: number) => `${prefix}${piece.repeat(chars)}${ending}`,
    }));
  });
}
