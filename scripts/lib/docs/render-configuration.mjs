import { formatPage } from './format-page.mjs';
import { cell } from './markdown-cell.mjs';

/** Renders docs/configuration.md from the schemas in services/server/src/config.ts and services/client/src/container/config.ts. */
export function renderConfiguration({ server, client }) {
  return formatPage(`<!-- begin: generated from the settings schemas by scripts/docs.mjs; do not edit -->

# Configuration

The server and the client container read environment variables and the file \`.env\` in the working directory. If both set a variable, the environment applies.
A blank variable counts as not set. If a value is wrong, the process reports all mistakes at once and exits with 78. Start with a
copy of [.env.example](../.env.example). Times are in milliseconds, sizes in bytes.

For a secret X, \`X_FILE\` may name a file that contains it. Setting both is a mistake. White space, line ends and a byte order mark
are removed from both ends of the file's content. The file has one line and at most 65,536 bytes. Secrets are never logged or shown in
error messages.

\`node services/server/dist/main.js --help\` and \`node services/client/dist/main.js --help\` print the settings with their defaults, and
the exit codes.

## Mistakes that are reported

- A variable that begins with \`RANKD_\` and that no program of rankd reads is a warning in the log, with the name that is probably
  meant. \`rankctl\` writes the warning to standard error. Compose passes only the variables that docker-compose.yml lists, so a
  misspelled name in the \`.env\` of Compose reaches no container.
- A value with a carriage return or a line end at its end, a byte order mark at its beginning, or quotes around it is a mistake.
  \`docker run --env-file\` and Kubernetes keep quotes as part of a value.
- \`RANKD_PORT=tcp://10.0.0.1:2700\` comes from Kubernetes, if a service is named \`rankd\`. Set \`enableServiceLinks: false\` in the pod's
  spec, or set \`RANKD_PORT\` in the container's \`env\`.
- \`RANKD_ADMIN_TOKEN\` must differ from \`RANKD_TOKEN\` and from \`RANKD_HTTP_TOKEN\`. If the last two are equal, the log has a warning.

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
