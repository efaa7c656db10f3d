/**
 * Schemas of text whose length is counted in Unicode code points (R-FRAME-4). The length is counted by a loop, not by a regular expression.
 * TypeBox compiles the patterns of record keys without the flag `u`: such a pattern can match a surrogate pair in two ways, so its time
 * doubles with every pair.
 */

import { Kind, Type, TypeRegistry, type TUnsafe } from '@sinclair/typebox';

interface TextBounds {
  readonly minLength: number;
  readonly maxLength: number;
}

interface TagsBounds {
  readonly maxProperties: number;
  readonly propertyNames: TextBounds;
  readonly additionalProperties: TextBounds;
}

const HIGH_SURROGATE_FIRST = 0xd800;
const HIGH_SURROGATE_LAST = 0xdbff;
const LOW_SURROGATE_FIRST = 0xdc00;
const LOW_SURROGATE_LAST = 0xdfff;

TypeRegistry.Set<TextBounds>('Text', (bounds, value) => isText(bounds, value));
TypeRegistry.Set<TagsBounds>('Tags', (bounds, value) => isTags(bounds, value));

/**
 * Returns the schema of a string of `charsMin` to `charsMax` code points. In JSON Schema these are `minLength` and `maxLength`, which
 * count code points too.
 */
export function textSchema(charsMin: number, charsMax: number): TUnsafe<string> {
  return Type.Unsafe<string>({
    [Kind]: 'Text',
    type: 'string',
    minLength: charsMin,
    maxLength: charsMax,
    description: `a string of ${String(charsMin)} to ${String(charsMax)} characters`,
  });
}

/**
 * Returns the schema of a string that `pattern` matches, as a TypeBox kind named `kind`. In the published JSON Schema it is a `pattern`,
 * which validators read with the flag `u`. A test checks that every pattern takes linear time.
 */
export function patternSchema(kind: string, pattern: RegExp, description: string): TUnsafe<string> {
  TypeRegistry.Set(kind, (_, value) => typeof value === 'string' && pattern.test(value));
  return Type.Unsafe<string>({ [Kind]: kind, type: 'string', pattern: pattern.source, description });
}

/**
 * Returns the schema of an object of at most `tagsMax` strings. Its keys have 1 to `keyCharsMax` and its values 0 to `valueCharsMax` code
 * points.
 */
export function tagsSchema(
  tagsMax: number,
  keyCharsMax: number,
  valueCharsMax: number,
): TUnsafe<Record<string, string>> {
  return Type.Unsafe<Record<string, string>>({
    [Kind]: 'Tags',
    type: 'object',
    maxProperties: tagsMax,
    propertyNames: { minLength: 1, maxLength: keyCharsMax },
    additionalProperties: { type: 'string', minLength: 0, maxLength: valueCharsMax },
    description: `at most ${String(tagsMax)} tags, keys of 1 to ${String(keyCharsMax)} and values of up to ${String(valueCharsMax)} characters`,
  });
}

function isText({ minLength, maxLength }: TextBounds, value: unknown): boolean {
  if (typeof value !== 'string' || value.length < minLength) return false;
  if (minLength <= 1 && value.length <= maxLength) return true;
  // A code point has at most two code units, so a text of more than twice as many units is too long.
  if (value.length > 2 * maxLength) return false;
  const chars = codePointCount(value);
  return chars >= minLength && chars <= maxLength;
}

function isTags({ maxProperties, propertyNames, additionalProperties }: TagsBounds, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  let count = 0;
  // for-in is safe here: a parsed frame inherits no enumerable keys. Unlike Object.keys, the loop can end at the limit.
  for (const key in value) {
    count += 1;
    if (count > maxProperties || !isText(propertyNames, key)) return false;
    if (!isText(additionalProperties, (value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

/** Counts code points. A surrogate without its other half counts as one. */
function codePointCount(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (isBetween(text.charCodeAt(at), HIGH_SURROGATE_FIRST, HIGH_SURROGATE_LAST)) {
      if (isBetween(text.charCodeAt(at + 1), LOW_SURROGATE_FIRST, LOW_SURROGATE_LAST)) at += 1;
    }
    count += 1;
  }
  return count;
}

function isBetween(code: number, first: number, last: number): boolean {
  return code >= first && code <= last;
}
