import { formatPage } from './format-page.mjs';
import { cell } from './markdown-cell.mjs';

/** Renders docs/errors.md from the table in services/protocol/src/error-codes.ts. */
export function renderErrors(errorCodes) {
  const rows = Object.entries(errorCodes).map(([code, { on, retry, meaning, remedy }]) => {
    return `| \`${code}\` | ${on.join(', ')} | ${retry ? 'yes' : 'no'} | ${cell(meaning)} | ${cell(remedy)} |`;
  });
  return formatPage(`<!-- begin: generated from services/protocol/src/error-codes.ts by scripts/docs.mjs; do not edit -->

# Errors

Every code that rankd tells, in one table. A code is part of [the protocol](protocol.md): it is never renamed and never used
for something else. The sentences are for people and may change.

**Where** says where a code is met:

- bye: in \`bye\`, the last frame of a session
- receipt: in the \`receipt\` of a command or of an administrator's request that was not accepted
- refused: of one member that was aimed at, in a receipt's \`refused\`
- error: in \`error\`, the answer to something else; the session goes on
- result: in the \`error\` of a recipient's \`result\`: it did not do it
- library: thrown by \`@rankd/client\` itself

**Retry** says whether the same thing may work later, unchanged. In \`bye\` it is the field \`retry\`.

| Code | Where | Retry | Meaning | What to do |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

<!-- end -->
`);
}
