import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler';
import type { TObject, TSchema } from '@sinclair/typebox';
import { adminSchemas, clientMessageSchemas, type ClientMessage } from './client-messages.js';
import { limits } from './limits.js';

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
  const isKnown = (field: string): boolean => Object.hasOwn(schema.properties, field);
  // Nearly every message has none, and is taken as it is.
  if (Object.keys(frame).every(isKnown)) return frame as ClientMessage;
  return Object.fromEntries(Object.entries(frame).filter(([field]) => isKnown(field))) as unknown as ClientMessage;
}

/** Names the field. Where the errors of a union say nothing, it is the first that does not fit its schema. */
function fault(check: TypeCheck<TSchema>, frame: Record<string, unknown>): CheckedMessage {
  const error = check.Errors(frame).First();
  const path = error?.path.slice(1) ?? firstMisfit(check.Schema() as TObject, frame);
  const field = path.split('/', 1).join('');
  const property = (check.Schema() as TObject).properties[field];
  const wanted = error?.schema.description ?? property?.description ?? 'as the protocol says';
  // The path may hold a key of the sender's own choice, as long as a frame.
  const shown = path.replaceAll('/', '.').slice(0, limits.wordCharsMax);
  return { kind: 'bad', field, detail: `${shown} must be ${wanted}` };
}

/** Compiled as the whole is: the library's other check takes what is no string for one, where it is held to a pattern. */
function firstMisfit(schema: TObject, frame: Record<string, unknown>): string {
  const misfits = Object.entries(schema.properties).find(([key, property]) => {
    return key in frame && !TypeCompiler.Compile(property).Check(frame[key]);
  });
  return misfits?.[0] ?? 'type';
}
