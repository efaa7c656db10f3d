import { formatPage } from './format-page.mjs';
import { cell } from './markdown-cell.mjs';

/** Renders docs/connection-errors.md from the table in services/protocol/src/mistakes.ts. */
export function renderConnectionErrors(mistakes) {
  const all = Object.entries(mistakes);
  const atClient = all.filter(([, { seenBy }]) => seenBy !== 'server');
  const namesOf = code => names(atClient.filter(([, mistake]) => mistake.code === code));
  return formatPage(`<!-- begin: generated from services/protocol/src/mistakes.ts by scripts/docs.mjs; do not edit -->

# Errors of a connection

The library, rankctl, the client container and the log of the server report these mistakes in the same words. The name of the mistake is:

- in \`mistake\` of a \`RankdError\` of the library; \`hint\` says what to do
- in \`mistake\` of the server's log line \`session.refused\`

## Mistakes that the client sees

The [code](errors.md) of the error is

- BAD_FRAME for ${namesOf('BAD_FRAME')}
- UNAUTHORIZED for ${namesOf('UNAUTHORIZED')}
- CONNECT_FAILED for all others

The server also sees ${names(all.filter(([, { seenBy }]) => seenBy === 'both'))}. It ends such a session with BAD_FRAME or UNAUTHORIZED.

${table(atClient)}

## Mistakes that only the server sees

The server ends the session with BAD_FRAME. A server with TLS sends nothing to a client without TLS.

${table(all.filter(([, { seenBy }]) => seenBy === 'server'))}

<!-- end -->
`);
}

const names = entries => entries.map(([name]) => `\`${name}\``).join(', ');

function table(entries) {
  const rows = entries.map(([name, { meaning, remedy }]) => `| \`${name}\` | ${cell(meaning)} | ${cell(remedy)} |`);
  return `| Mistake | What has happened | What to do |\n| --- | --- | --- |\n${rows.join('\n')}`;
}
