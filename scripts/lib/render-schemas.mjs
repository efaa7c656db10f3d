import { format } from 'prettier';

/**
 * JSON Schema (draft 2020-12) of every message in one direction: one of `messages`, each named by its `type`, and `admin` by
 * its `action`. `messages` is name → schema, as JSON.
 */
export async function renderSchemas(title, messages) {
  const defs = Object.fromEntries(Object.entries(messages).map(([name, schema]) => [name, plain(schema)]));
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    description: 'Generated from services/protocol/src by scripts/docs.mjs; do not edit. Unknown fields are ignored.',
    anyOf: Object.keys(defs).map(name => ({ $ref: `#/$defs/${name}` })),
    $defs: defs,
  };
  return format(JSON.stringify(schema), { parser: 'json', printWidth: 120 });
}

/** The schema library's own kind for expressions, as what every validator knows. */
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, plain(value)]);
  const copy = Object.fromEntries(entries);
  if (copy.type !== 'RegExp') return copy;
  const { source, flags, ...rest } = copy;
  // `s` makes a dot any character at all; JSON Schema's expressions have no flags and are read as with `u`.
  return { ...rest, type: 'string', pattern: flags.includes('s') ? source.replaceAll('.', '[\\s\\S]') : source };
}
