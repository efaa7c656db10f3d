import { isExempt } from './exemptions.mjs';
import { phrases } from './phrases.mjs';
import { textPieces } from './text-pieces.mjs';

/**
 * Returns the phrases that the text of a file has, in order: `{ line, phrase, write }`. The file's type decides which parts of it are
 * checked.
 */
export function findPhrases(path, content) {
  return textPieces(path, content)
    .flatMap(phrasesIn)
    .sort((one, other) => one.offset - other.offset)
    .map(({ offset, phrase, write }) => ({ line: content.slice(0, offset).split('\n').length, phrase, write }))
    .filter(({ line }) => !isExempt(path, content.split('\n')[line - 1]));
}

function phrasesIn({ start, text }) {
  return phrases.flatMap(({ pattern, write }) =>
    [...text.matchAll(pattern)]
      .filter(({ 0: match }) => !isOverParagraphs(match))
      .map(({ 0: match, index }) => ({ offset: start + index, phrase: match.replace(/\s+/g, ' '), write })),
  );
}

function isOverParagraphs(match) {
  return match
    .split('\n')
    .slice(1, -1)
    .some(line => line.trim() === '');
}
