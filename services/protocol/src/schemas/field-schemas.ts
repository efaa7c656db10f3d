/** R-FRAME-4: schemas of single fields. Lengths count Unicode code points. */

import { Type, type TUnsafe } from '@sinclair/typebox';
import type { Json } from '../json.js';
import { limits } from '../limits.js';
import { patternSchema, tagsSchema, textSchema } from './text-fields.js';

/** An id, a tag key, a reason or an error code: 1 to 64 characters. */
export const word = textSchema(1, limits.wordCharsMax);
/** A token or a resume secret: 1 to 256 characters. */
export const secret = textSchema(1, limits.secretCharsMax);
/** The `message` of a result's error. */
export const errorMessage = textSchema(0, limits.errorMessageCharsMax);
/** R-JOIN-1: the tags of a member. */
export const tags = tagsSchema(limits.tagsMax, limits.wordCharsMax, limits.tagValueCharsMax);

/** The name of a group or of a command: 1 to 64 of A-Z a-z 0-9 . _ - */
export const identifier = patternSchema(
  'Identifier',
  /^[A-Za-z0-9._-]{1,64}$/,
  'a string of 1 to 64 of A-Z a-z 0-9 . _ -',
);

/** R-JOIN-1: the name of a member. It has no control, format, separator or unassigned characters. */
export const visibleName = patternSchema(
  'VisibleName',
  /^[^\p{C}\p{Z}]{1,64}$/u,
  'a string of 1 to 64 visible characters, without spaces',
);

/** Returns the schema of a whole number from `minimum` to `maximum`. */
export const whole = (minimum: number, maximum = Number.MAX_SAFE_INTEGER): ReturnType<typeof Type.Integer> =>
  Type.Integer({
    minimum,
    maximum,
    description:
      maximum === Number.MAX_SAFE_INTEGER
        ? `a whole number, ${String(minimum)} or more`
        : `a whole number from ${String(minimum)} to ${String(maximum)}`,
  });

/** Returns the schema of a field that is one of these words. */
export const oneOf = <const W extends string>(words: readonly W[]): TUnsafe<W> =>
  Type.Unsafe<W>(
    Type.Union(
      words.map(each => Type.Literal(each)),
      { description: `one of ${words.join(', ')}` },
    ),
  );

/** The schema of a Boolean field. */
export const flag = Type.Boolean({ description: 'true or false' });

/** A number in a message of the server: 0 or more. */
export const count = Type.Integer({ minimum: 0 });

/** Any JSON value. Its content is not checked. */
export const json: TUnsafe<Json> = Type.Unsafe<Json>(Type.Unknown());
