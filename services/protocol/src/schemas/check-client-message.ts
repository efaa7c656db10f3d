/** R-FRAME-4: checks the messages of clients. */

import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler';
import type { TObject, TSchema } from '@sinclair/typebox';
import { adminSchemas, clientMessageSchemas, type ClientMessage } from './client-messages.js';
import { limits } from '../limits.js';

/** A message of a client, or a description of the wrong field. */
export type CheckedMessage =
  | { readonly kind: 'message'; readonly message: ClientMessage }
  | { readonly kind: 'bad'; readonly field: string; readonly detail: string };

type Checks = ReadonlyMap<string, TypeCheck<TSchema>>;

const compile = (schemas: Readonly<Record<string, TSchema>>): Checks =>
  new Map(Object.entries(schemas).map(([key, schema]) => [key, TypeCompiler.Compile(schema)]));

const checksByType = compile(clientMessageSchemas);
const adminChecksByAction = compile(adminSchemas);

/**
 * Checks that a frame has a known `type`, and that every field is as its schema requires (R-FRAME-4). The returned message has no unknown
 * fields, so no code can use them by mistake.
 */
export function checkClientMessage(frame: Record<string, unknown>): CheckedMessage {
  if (frame['type'] === 'admin') return checkBy('action', adminChecksByAction, frame);
  return checkBy('type', checksByType, frame);
}

function checkBy(key: 'type' | 'action', checks: Checks, frame: Record<string, unknown>): CheckedMessage {
  const named = frame[key];
  const check = typeof named === 'string' ? checks.get(named) : undefined;
  if (check === undefined) {
    const known = key === 'type' ? [...checks.keys(), 'admin'] : [...checks.keys()];
    return { kind: 'bad', field: key, detail: `${key} must be one of ${known.join(', ')}` };
  }
  if (check.Check(frame)) return { kind: 'message', message: knownFields(check.Schema() as TObject, frame) };
  return fault(check, frame);
}

function knownFields(schema: TObject, frame: Record<string, unknown>): ClientMessage {
  // Nearly every message has only known fields, and is returned without a copy.
  if (hasOnly(schema.properties, frame)) return frame as ClientMessage;
  const known = Object.keys(schema.properties).filter(field => Object.hasOwn(frame, field));
  return Object.fromEntries(known.map(field => [field, frame[field]])) as unknown as ClientMessage;
}

function hasOnly(properties: Readonly<Record<string, unknown>>, frame: Record<string, unknown>): boolean {
  for (const field in frame) if (!Object.hasOwn(properties, field)) return false;
  return true;
}

/** Returns a description of the wrong field. */
function fault(check: TypeCheck<TSchema>, frame: Record<string, unknown>): CheckedMessage {
  const error = check.Errors(frame).First();
  const path = error?.path.slice(1) ?? '';
  const field = path.split('/', 1).join('');
  const property = (check.Schema() as TObject).properties[field];
  const wanted = error?.schema.description ?? property?.description ?? 'valid: see docs/protocol.md';
  // The path may contain a key that the sender has chosen, which may be as long as a frame.
  const shown = path.replaceAll('/', '.').slice(0, limits.wordCharsMax);
  return { kind: 'bad', field, detail: `${shown} must be ${wanted}` };
}
