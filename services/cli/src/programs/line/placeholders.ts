/** Placeholders such as `{rank}` in the arguments of a program (R-PROG-1). */

import { type MemberFields, type PlaceholderName, placeholderNames } from './member-fields.js';

const names = placeholderNames.join('|');
/** A `$` before the brace, or a second brace, keeps the text. */
const pattern = new RegExp(`\\$\\{\\{?(?:${names})\\}|\\{\\{(?<escaped>${names})\\}\\}|\\{(?<name>${names})\\}`, 'g');

interface Groups {
  readonly escaped?: string;
  readonly name?: PlaceholderName;
}

/** Replaces each placeholder by the value of its field. `{{rank}}` becomes `{rank}`, `${rank}` and every other brace stay. */
export function fillPlaceholders(text: string, fields: MemberFields): string {
  return text.replace(pattern, (whole, ...rest) => {
    const { escaped, name } = rest.at(-1) as Groups;
    if (escaped !== undefined) return `{${escaped}}`;
    return name === undefined ? whole : fields[name];
  });
}

/** Returns the names of the fields that `fillPlaceholders` inserts into these texts. */
export function findPlaceholders(texts: readonly string[]): ReadonlySet<PlaceholderName> {
  const found = texts.flatMap(text => [...text.matchAll(pattern)].map(({ groups }) => (groups as Groups).name));
  return new Set(found.filter(name => name !== undefined));
}
