/** The message table of docs/protocol.md, computed from the schemas. */

import * as clientMessages from '../../src/schemas/client-messages.js';
import * as messageParts from '../../src/schemas/message-parts.js';
import * as serverMessages from '../../src/schemas/server-messages.js';
import { identifier, tags, visibleName } from '../../src/schemas/field-schemas.js';

/** The part of a schema that the page shows: plain JSON, without typebox's symbols. */
interface PlainSchema {
  readonly type?: string;
  readonly const?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly PlainSchema[];
  readonly items?: PlainSchema;
  readonly properties?: Readonly<Record<string, PlainSchema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, PlainSchema>>;
}

/** One row of the page's message table, computed from the schemas. */
export interface MessageRow {
  readonly message: string;
  readonly from: string;
  readonly fields: string;
}

const plain = (schema: unknown): PlainSchema => JSON.parse(JSON.stringify(schema)) as PlainSchema;

/** The descriptions are ignored: two schemas that differ only in them are the same. */
const keyOf = (schema: PlainSchema): string =>
  JSON.stringify(schema, (key, value: unknown) => (key === 'description' ? undefined : value));

const capitalised = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

/** The types that several messages share. The page has a table of them with these names. */
export const shapes: ReadonlyMap<string, PlainSchema> = new Map(
  Object.entries({
    leader: messageParts.leaderSchema,
    cause: messageParts.causeSchema,
    namedMember: messageParts.namedMemberSchema,
    sender: messageParts.senderSchema,
    rosterMember: messageParts.rosterMemberSchema,
    refusedTarget: messageParts.refusedTargetSchema,
    missingRecipient: messageParts.missingRecipientSchema,
    endedStatus: messageParts.endedStatusSchema,
    target: clientMessages.targetSchema,
  }).map(([name, schema]) => [capitalised(name), plain(schema)]),
);

const namesByKey = new Map<string, string>([
  ...[...shapes].map(([name, schema]): [string, string] => [keyOf(schema), name]),
  [keyOf(plain(identifier)), 'identifier'],
  [keyOf(plain(visibleName)), 'visible name'],
  [keyOf(plain(tags)), 'tags'],
]);

/** Returns a schema in the words of the page's table of types. */
export function inWords(schema: PlainSchema): string {
  return namesByKey.get(keyOf(schema)) ?? spelledOut(schema);
}

/** Returns a schema in these words without its own name, for the table of shared types. */
export function spelledOut(schema: PlainSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(inWords).join(' or ');
  if (schema.const !== undefined) return `"${schema.const}"`;
  switch (schema.type) {
    case undefined:
      return 'JSON';
    case 'boolean':
      return schema.type;
    case 'string':
      return schema.maxLength === undefined ? 'string' : `string ${String(schema.minLength)}-${schema.maxLength}`;
    case 'integer':
      return wholeInWords(schema);
    case 'array':
      return `list ${schema.maxItems === undefined ? '' : `≤ ${schema.maxItems} `}of ${inWords(schema.items ?? {})}`;
    case 'object':
      return schema.patternProperties === undefined ? `{${fieldsInWords(schema, ', ')}}` : 'string → string';
    default:
      throw new Error(`no words for ${JSON.stringify(schema)}`);
  }
}

function wholeInWords({ minimum, maximum }: PlainSchema): string {
  if (maximum === undefined && minimum === 0) return 'count';
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? `whole ≥ ${String(minimum)}`
    : `whole ${String(minimum)}-${maximum}`;
}

function fieldsInWords({ properties = {}, required = [] }: PlainSchema, separator: string): string {
  return Object.entries(properties)
    .filter(([name]) => name !== 'type')
    .map(([name, schema]) => `\`${name}\`${required.includes(name) ? '' : '?'} ${inWords(schema)}`)
    .join(separator);
}

const rowOf = (message: string, from: string, schema: PlainSchema): MessageRow => ({
  message,
  from,
  fields: fieldsInWords(schema, '; ') || 'none',
});

/** Returns every row of the message table, in the order of the schemas. */
export function messageRows(): MessageRow[] {
  const clientRows = Object.entries(clientMessages.clientMessageSchemas).map(([type, schema]) => {
    return rowOf(`\`${type}\``, 'client', plain(schema));
  });
  const adminRows = Object.entries(clientMessages.adminSchemas).map(([action, schema]) => {
    return rowOf(`\`admin\`, ${action}`, 'client', plain(schema));
  });
  const serverRows = Object.entries(serverMessages.serverMessageSchemas).flatMap(([type, schema]) => {
    const { anyOf, ...whole } = plain(schema);
    const [member, observer] = anyOf ?? [];
    if (member === undefined || observer === undefined) return [rowOf(`\`${type}\``, 'server', whole)];
    return [
      rowOf(`\`${type}\``, 'server, to a member', member),
      rowOf(`\`${type}\``, 'server, to an observer', observer),
    ];
  });
  return [...clientRows, ...adminRows, ...serverRows];
}

/** Returns every word of the protocol: types of messages, names of fields, and literal values. */
export function protocolWords(): ReadonlySet<string> {
  const words = new Set<string>(['type', 'admin']);
  const gather = (schema: PlainSchema): void => {
    if (schema.const !== undefined) words.add(schema.const);
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      words.add(name);
      gather(property);
    }
    for (const part of [...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])]) gather(part);
  };
  const { clientMessageSchemas, adminSchemas } = clientMessages;
  const { serverMessageSchemas } = serverMessages;
  for (const schemas of [clientMessageSchemas, adminSchemas, serverMessageSchemas]) {
    for (const schema of Object.values(schemas)) gather(plain(schema));
  }
  return words;
}
