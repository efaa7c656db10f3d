import { format } from 'prettier';

/**
 * Renders the JSON Schema (draft 2020-12) of every message in one direction: one of `messages`, each selected by its `type`, and
 * `admin` by its `action`. `messages` is name → schema, as JSON.
 */
export async function renderSchemas(title, messages) {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    description: 'Generated from services/protocol/src by scripts/docs.mjs; do not edit. Unknown fields are ignored.',
    anyOf: Object.keys(messages).map(name => ({ $ref: `#/$defs/${name}` })),
    $defs: messages,
  };
  return format(JSON.stringify(schema), { parser: 'json', printWidth: 120 });
}
