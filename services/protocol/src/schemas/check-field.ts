/** Checks one value against the schema of a field. The client library checks arguments in this way before it makes a message of them. */

import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { TSchema } from '@sinclair/typebox';

/** The check of one field. */
export interface FieldCheck {
  /** What the field must be, in words. */
  readonly allowed: string;
  readonly accepts: (value: unknown) => boolean;
}

/** Returns the check of a field. */
export function compileFieldCheck(schema: TSchema): FieldCheck {
  const check = TypeCompiler.Compile(schema);
  return { allowed: schema.description ?? 'valid: see docs/protocol.md', accepts: value => check.Check(value) };
}
