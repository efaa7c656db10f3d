import { format } from 'prettier';

/**
 * Renders one JSON Schema (draft 2020-12) for all messages in one direction. It selects a message by `type`, and an `admin` message by
 * `action`. `messages` contains the schemas by name, as JSON.
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
