/** Reads the options of a command line that a shell completes. */

import type { ConnectionOptions } from '../connection.js';

const names = ['url', 'group', 'token'] as const;

/**
 * Returns the server, the group and the token that a line names, so that a completion asks about the same group as the command. The shell
 * has neither removed quotes nor expanded variables. This function removes quotes, and expands nothing.
 */
export function lineOptions(line: string): ConnectionOptions {
  const options: { -readonly [name in keyof ConnectionOptions]: ConnectionOptions[name] } = {};
  const words = wordsOf(line);
  const end = words.indexOf('--');
  const before = end === -1 ? words : words.slice(0, end);
  for (const [at, word] of before.entries()) {
    for (const name of names) {
      const value = word === `--${name}` ? before[at + 1] : valueAfterEquals(word, name);
      if (value !== undefined) options[name] = value;
    }
  }
  return options;
}

function valueAfterEquals(word: string, name: string): string | undefined {
  const start = `--${name}=`;
  return word.startsWith(start) ? word.slice(start.length) : undefined;
}

/** Splits a line at spaces outside of quotes. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  let isEscaped = false;
  for (const character of line) {
    if (isEscaped) {
      word = (word ?? '') + character;
      isEscaped = false;
    } else if (character === '\\' && quote !== "'") isEscaped = true;
    else if (quote !== '' && character === quote) quote = '';
    else if (quote === '' && (character === "'" || character === '"')) [quote, word] = [character, word ?? ''];
    else if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}
