/** The schemas of the entries in the records of a shard. */

import { type TSchema, Type } from '@sinclair/typebox';
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler';
import type { Entry, ServerEntry } from '../../core/index.js';

/** An entry of a record: it changes a group, or it is about the servers of the cluster. */
export type LogEntry = Entry | ServerEntry;

/** A schema for each field of an entry. The compiler reports a field without a schema. */
type FieldSchemas<E> = { readonly [Field in Exclude<keyof E, 'kind'>]-?: TSchema };

/** The schemas of the fields, by the kind of the entry. The compiler reports a kind without schemas. */
export type EntrySchemas = {
  readonly [Kind in LogEntry['kind']]: FieldSchemas<Extract<LogEntry, { readonly kind: Kind }>>;
};

const text = Type.String();
const number = Type.Number();
const optionalText = Type.Optional(text);
const optionalNumber = Type.Optional(number);
const texts = Type.Record(text, text);
const oneOf = (...values: string[]): TSchema => Type.Union(values.map(value => Type.Literal(value)));

const placed = { group: text, at: number };
const administrator = { session: text, id: text, name: text };
const identity = { id: text, name: text, tags: texts, address: text, secretHash: text };
const newcomer = Type.Object({ ...identity, session: text });
const seat = Type.Object({ ...identity, joinedAt: number, slot: number });
const target = Type.Union([
  Type.Object({ kind: oneOf('below', 'all') }),
  Type.Object({ kind: Type.Literal('ranks'), ranks: Type.Array(number) }),
  Type.Object({ kind: Type.Literal('members'), members: Type.Array(text) }),
  Type.Object({ kind: Type.Literal('names'), names: Type.Array(text) }),
  Type.Object({ kind: Type.Literal('tags'), tags: texts }),
]);
const source = Type.Union([
  Type.Object({ kind: Type.Literal('member'), member: text, session: text }),
  Type.Object({ kind: Type.Literal('admin'), ...administrator }),
]);

/**
 * The fields of each kind of entry in the newest format. A later server may add limits, so the names of limits are not checked.
 */
export const entrySchemas: EntrySchemas = {
  joined: {
    ...placed,
    newcomer,
    resume: Type.Optional(Type.Object({ member: text, secretHash: text })),
    epochHeld: optionalNumber,
  },
  confirmed: { ...placed, member: text, session: text },
  'waiting-left': { ...placed, session: text },
  departed: {
    ...placed,
    member: text,
    session: text,
    how: oneOf('goodbye', 'lost', 'ended'),
    reason: text,
    mayActMs: optionalNumber,
  },
  'grace-ended': { ...placed, epoch: number, member: text, absence: number, ms: number },
  stopped: {
    ...placed,
    epoch: number,
    member: text,
    ask: number,
    evidence: oneOf('yielded', 'closed', 'suspended'),
  },
  resigned: { ...placed, member: text, session: text },
  moved: { ...placed, by: Type.Object(administrator), id: text, member: text, rank: number },
  removed: { ...placed, by: Type.Object(administrator), id: text, member: text, reason: optionalText },
  command: {
    ...placed,
    from: source,
    n: number,
    afterHelloMs: number,
    id: text,
    name: text,
    target,
    deadlineMs: number,
    reply: oneOf('outcome', 'each', 'none'),
    payload: optionalText,
  },
  'admin-gone': { ...placed, session: text },
  result: {
    ...placed,
    member: text,
    session: text,
    epoch: number,
    seq: number,
    status: oneOf('done', 'failed', 'refused'),
    error: Type.Optional(Type.Object({ code: text, message: optionalText })),
    payload: optionalText,
  },
  expired: { ...placed, epoch: number, seq: number },
  restored: { ...placed, seats: Type.Array(seat) },
  'server-gone': { ...placed, server: text, reason: oneOf('SERVER_LEFT', 'SERVER_LOST') },
  frozen: { at: number },
  'server-up': {
    at: number,
    name: text,
    since: number,
    rules: Type.Record(text, number),
    replaces: optionalText,
    epochLost: optionalNumber,
    format: optionalNumber,
  },
  'server-beat': { at: number, applied: text, address: optionalText },
  'server-left': { at: number },
  'server-lost': { at: number, server: text, evidence: oneOf('silence', 'register') },
  'format-raised': { at: number, format: number },
  'server-flow': { at: number, senders: Type.Array(text), askers: Type.Array(text) },
};

/** Checks the fields of an entry, by its kind. */
export type EntryChecks = ReadonlyMap<string, TypeCheck<TSchema>>;

/** Compiles the schemas of these kinds. Unknown fields are allowed. */
export function compileEntryChecks(
  schemas: Iterable<readonly [kind: string, fields: Readonly<Record<string, TSchema>>]>,
): EntryChecks {
  return new Map([...schemas].map(([kind, fields]) => [kind, TypeCompiler.Compile(Type.Object(fields))]));
}
