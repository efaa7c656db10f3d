import { formatPage } from './format-page.mjs';
import { cell } from './markdown-cell.mjs';

/** Renders docs/errors.md from the table in services/protocol/src/error-codes.ts. */
export function renderErrors(errorCodes) {
  const rows = Object.entries(errorCodes).map(([code, { on, retry, meaning, remedy }]) => {
    return `| \`${code}\` | ${on.join(', ')} | ${retry ? 'yes' : 'no'} | ${cell(meaning)} | ${cell(remedy ?? '')} |`;
  });
  return formatPage(`<!-- begin: generated from services/protocol/src/error-codes.ts by scripts/docs.mjs; do not edit -->

# Errors

This table lists every error code. A code is part of [the protocol](protocol.md): it is never renamed and never gets another meaning.
The sentences are for people and may change.

**Where** is the place in which a code appears:

- bye: in \`bye\`, the last frame of a session
- receipt: in the \`receipt\` of a command or an administrator's request that was not accepted
- refused: in the list \`refused\` of a \`receipt\`, for one targeted member
- error: in \`error\`, the answer to another message; the session continues
- result: in the \`error\` of a recipient's \`result\`: the recipient did not execute the command
- library: thrown by \`@rankd/client\` itself

**Retry** is yes if the same request may succeed later. In \`bye\` it is the field \`retry\`.

| Code | Where | Retry | Meaning | What to do |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

<!-- end -->
`);
}
