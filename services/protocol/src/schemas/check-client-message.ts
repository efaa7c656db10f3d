import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler';
import type { TObject, TSchema } from '@sinclair/typebox';
import { adminSchemas, clientMessageSchemas, type ClientMessage } from './client-messages.js';
import { limits } from '../limits.js';

/** A client's message, or which field of it is not as it should be, in words. */
export type CheckedMessage =
  | { readonly kind: 'message'; readonly message: ClientMessage }
  | { readonly kind: 'bad'; readonly field: string; readonly detail: string };

type Checks = ReadonlyMap<string, TypeCheck<TSchema>>;

const compile = (schemas: Readonly<Record<string, TSchema>>): Checks =>
  new Map(Object.entries(schemas).map(([key, schema]) => [key, TypeCompiler.Compile(schema)]));

const checksByType = compile(clientMessageSchemas);
const adminChecksByAction = compile(adminSchemas);

/** R-FRAME-4: a known `type` with every field as its schema says. Unknown fields are left behind: nothing within can come to read them. */
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
  // Nearly every message has none that is unknown, and is taken as it is.
  if (hasOnly(schema.properties, frame)) return frame as ClientMessage;
  const known = Object.keys(schema.properties).filter(field => Object.hasOwn(frame, field));
  return Object.fromEntries(known.map(field => [field, frame[field]])) as unknown as ClientMessage;
}

function hasOnly(properties: Readonly<Record<string, unknown>>, frame: Record<string, unknown>): boolean {
  for (const field in frame) if (!Object.hasOwn(properties, field)) return false;
  return true;
}

/** Names the field. */
function fault(check: TypeCheck<TSchema>, frame: Record<string, unknown>): CheckedMessage {
  const error = check.Errors(frame).First();
  const path = error?.path.slice(1) ?? '';
  const field = path.split('/', 1).join('');
  const property = (check.Schema() as TObject).properties[field];
  const wanted = error?.schema.description ?? property?.description ?? 'as the protocol says';
  // The path may hold a key of the sender's own choice, as long as a frame.
  const shown = path.replaceAll('/', '.').slice(0, limits.wordCharsMax);
  return { kind: 'bad', field, detail: `${shown} must be ${wanted}` };
}
