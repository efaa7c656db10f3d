import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler';
import type { TSchema } from '@sinclair/typebox';
import { clientMessageSchemas, type ClientMessage } from './client-messages.js';

/** A client's message, or which field of it is not as it should be, in words. */
export type CheckedMessage =
  | { readonly kind: 'message'; readonly message: ClientMessage }
  | { readonly kind: 'bad'; readonly field: string; readonly detail: string };

const checks = new Map<string, TypeCheck<TSchema>>(
  Object.entries(clientMessageSchemas).map(([type, schema]) => [type, TypeCompiler.Compile(schema as TSchema)]),
);

/** R-FRAME-4: a known `type` with every field as its schema says. Unknown fields pass and mean nothing. */
export function checkClientMessage(frame: Record<string, unknown>): CheckedMessage {
  const check = typeof frame['type'] === 'string' ? checks.get(frame['type']) : undefined;
  if (check === undefined) {
    return { kind: 'bad', field: 'type', detail: `type must be one of ${[...checks.keys()].join(', ')}` };
  }
  if (check.Check(frame)) return { kind: 'message', message: frame as ClientMessage };
  const fault = check.Errors(frame).First();
  const field = fault === undefined ? 'type' : fault.path.slice(1).split('/', 1).join('');
  const wanted = fault?.schema.description ?? fault?.message ?? 'as the protocol says';
  return { kind: 'bad', field, detail: `${fault?.path.slice(1).replaceAll('/', '.') ?? field} must be ${wanted}` };
}
