/** Placeholders such as `{rank}` in the arguments of a program (R-PROG-1). */

import type { MemberFields, PlaceholderName } from './member-fields.js';

/** A placeholder, and the `$` or the braces next to it that make it ordinary text. The names are those of `placeholderNames`. */
const pattern = /(\$?\{?)\{(rank|size|slot|name|member|group|leader|fence)\}(\}?)/g;

/** Replaces each placeholder by the value of its field. `{{rank}}` becomes `{rank}`, `${rank}` and every other brace stay. */
export function fillPlaceholders(text: string, fields: MemberFields): string {
  return text.replace(pattern, (whole: string, before: string, name: PlaceholderName, after: string) => {
    if (before.startsWith('$')) return whole;
    return isEscaped(before, after) ? `{${name}}` : `${before}${fields[name]}${after}`;
  });
}

/** Returns the names of the fields that `fillPlaceholders` inserts into these texts. */
export function findPlaceholders(texts: readonly string[]): ReadonlySet<PlaceholderName> {
  const matches = texts.flatMap(text => [...text.matchAll(pattern)]);
  const filled = matches.filter(
    ([, before = '', , after = '']) => !before.startsWith('$') && !isEscaped(before, after),
  );
  return new Set(filled.map(([, , name]) => name as PlaceholderName));
}

function isEscaped(before: string, after: string): boolean {
  return before === '{' && after === '}';
}
