import { formatPage } from './format-page.mjs';
import { cell } from './markdown-cell.mjs';

/** Renders docs/connection-errors.md from the table in services/protocol/src/mistakes.ts. */
export function renderConnectionErrors(mistakes) {
  const rows = Object.entries(mistakes).map(([name, { seenBy, code, meaning, remedy }]) => {
    return `| \`${name}\` | \`${code}\` | ${seenBy} | ${cell(meaning)} | ${cell(remedy)} |`;
  });
  return formatPage(`<!-- begin: generated from services/protocol/src/mistakes.ts by scripts/docs.mjs; do not edit -->

# Errors of a connection

A client and a server recognize these mistakes by the first bytes or by the error of the connection. The sentences are the same everywhere:

- in the library: the message, \`mistake\` (the name) and \`hint\` (what to do) of a \`RankdError\`
- in rankctl, and in the line \`disconnected\` or \`failed\` of the client container
- in the line \`session.refused\` of the server, with the name in \`mistake\`, and in the \`bye\` to the client

**Code** is the code of the error at the client. The server ends such a session with BAD_FRAME or UNAUTHORIZED. A server with TLS sends
nothing to a client without TLS. [errors.md](errors.md) explains the codes.

| Mistake | Code | Seen by | What has happened | What to do |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

<!-- end -->
`);
}
