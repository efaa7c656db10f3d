import { Type, type TRegExp, type TUnsafe } from '@sinclair/typebox';
import type { Json } from './json.js';
import { limits } from './limits.js';

/** Schemas of single fields (R-FRAME-4). Lengths count code points, so `u` and `s` stand on every expression. */
const text = (charsMin: number, charsMax: number): TRegExp =>
  Type.RegExp(new RegExp(`^.{${String(charsMin)},${String(charsMax)}}$`, 'us'), {
    description: `a string of ${String(charsMin)} to ${String(charsMax)} characters`,
  });

export const word = text(1, limits.wordCharsMax);
export const tagValue = text(0, limits.tagValueCharsMax);
export const secret = text(1, limits.secretCharsMax);
export const errorMessage = text(0, limits.errorMessageCharsMax);

/** Groups and command names: 1-64 of A-Z a-z 0-9 . _ - */
export const identifier = Type.RegExp(/^[A-Za-z0-9._-]{1,64}$/, {
  description: 'a string of 1 to 64 of A-Z a-z 0-9 . _ -',
});

/** R-JOIN-1: visible characters; not control, format, separator or unassigned ones. */
export const visibleName = Type.RegExp(/^[^\p{C}\p{Z}]{1,64}$/u, {
  description: 'a string of 1 to 64 visible characters, without spaces',
});

export const whole = (minimum: number, maximum = Number.MAX_SAFE_INTEGER): ReturnType<typeof Type.Integer> =>
  Type.Integer({
    minimum,
    maximum,
    description:
      maximum === Number.MAX_SAFE_INTEGER
        ? `a whole number, ${String(minimum)} or more`
        : `a whole number from ${String(minimum)} to ${String(maximum)}`,
  });

/** One of a few words. */
export const oneOf = <const W extends string>(words: readonly W[]): TUnsafe<W> =>
  Type.Unsafe<W>(
    Type.Union(
      words.map(each => Type.Literal(each)),
      { description: `one of ${words.join(', ')}` },
    ),
  );

export const flag = Type.Boolean({ description: 'true or false' });

/** What the coordinator counts: 0 or more. */
export const count = Type.Integer({ minimum: 0 });

/** Any JSON; nothing looks inside. */
export const json: TUnsafe<Json> = Type.Unsafe<Json>(Type.Unknown());

/** A key is held to a pattern without flags: a surrogate pair is named as the one character that it is. */
const tagKey = Type.String({
  pattern: `^(?:[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]|[^]){1,${String(limits.wordCharsMax)}}$`,
});

export const tags = Type.Record(tagKey, tagValue, {
  additionalProperties: false,
  maxProperties: limits.tagsMax,
  description: `at most ${String(limits.tagsMax)} tags, keys of 1 to 64 and values of up to 256 characters`,
});
