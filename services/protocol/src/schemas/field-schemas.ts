import { Type, type TUnsafe } from '@sinclair/typebox';
import type { Json } from '../json.js';
import { limits } from '../limits.js';
import { patternSchema, tagsSchema, textSchema } from './text-fields.js';

/** Schemas of single fields (R-FRAME-4). Lengths count code points. */
export const word = textSchema(1, limits.wordCharsMax);
export const secret = textSchema(1, limits.secretCharsMax);
export const errorMessage = textSchema(0, limits.errorMessageCharsMax);
export const tags = tagsSchema(limits.tagsMax, limits.wordCharsMax, limits.tagValueCharsMax);

/** Groups and command names: 1-64 of A-Z a-z 0-9 . _ - */
export const identifier = patternSchema(
  'Identifier',
  /^[A-Za-z0-9._-]{1,64}$/,
  'a string of 1 to 64 of A-Z a-z 0-9 . _ -',
);

/** R-JOIN-1: visible characters; not control, format, separator or unassigned ones. */
export const visibleName = patternSchema(
  'VisibleName',
  /^[^\p{C}\p{Z}]{1,64}$/u,
  'a string of 1 to 64 visible characters, without spaces',
);

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
