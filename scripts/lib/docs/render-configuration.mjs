import { formatPage } from './format-page.mjs';
import { cell } from './markdown-cell.mjs';

/** Renders docs/configuration.md from the schemas in services/server/src/config.ts and services/client/src/container/config.ts. */
export function renderConfiguration({ server, client }) {
  return formatPage(`<!-- begin: generated from the settings schemas by scripts/docs.mjs; do not edit -->

# Configuration

The server and the client container read environment variables and the file \`.env\` in the working directory. If both set a variable, the environment applies.
A blank variable counts as not set. If a value is wrong, the process reports all mistakes at once and exits with 78. Start with a
copy of [.env.example](../.env.example). Times are in milliseconds, sizes in bytes.

A secret can also be in a file: set the variable with \`_FILE\` at the end to the path of the file. Setting both variables is a mistake. Secrets are never logged or shown in error
messages.

## Server

${tableOf(server)}

## Client container

${tableOf(client)}

<!-- end -->
`);
}

function tableOf(schema) {
  const rows = Object.entries(schema.properties).map(
    ([name, field]) =>
      `| ${nameOf(name, field)} | ${defaultOf(field)} | ${cell(field.description)} | ${boundsOf(field)} |`,
  );
  return ['| Variable | Default | Meaning | Bounds |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function nameOf(name, { secret }) {
  return secret ? `\`${name}\` (secret; or \`${name}_FILE\`)` : `\`${name}\``;
}

function defaultOf({ default: value }) {
  return value === undefined ? 'none' : `\`${typeof value === 'boolean' ? Number(value) : value}\``;
}

/** Returns the allowed values, if not every text is allowed. */
function boundsOf({ type, minimum, maximum, anyOf, secret, expects }) {
  if (type === 'integer') return `${minimum} to ${maximum}`;
  if (type === 'boolean') return '`1` or `0`';
  if (anyOf !== undefined) return anyOf.map(choice => `\`${choice.const}\``).join(', ');
  return secret ? cell(expects) : '';
}
