import { formatPage } from './format-page.mjs';

/** Renders docs/rankctl.md from the --help texts of `rankctl` and each verb. */
export function renderRankctl([own, ...verbs]) {
  const sections = verbs.map(({ name, help }) => `## ${name}\n\n${notes[name] ?? ''}\n\n${code(help)}`);
  return formatPage(`<!-- begin: generated from services/cli/src/program.ts by scripts/docs.mjs; do not edit -->

# rankctl

\`rankctl\` shows a fleet and steers it. With \`attach\` it joins as a member. All other verbs use an observer, which has no rank and does
not count as a member.

- In Compose: \`docker compose exec server rankctl ls\`. The container's environment has the admin token.
- In a clone, after \`npm ci && npm run build\`: \`npx --no-install rankctl ls\`.
- Elsewhere: \`npm pack -w services/cli\` makes a package without dependencies.

**Settings.** Options win over environment variables, and these win over \`.env\` in the working directory. Other users can see a token on
the command line in the list of processes. Set \`RANKD_ADMIN_TOKEN\`, or \`RANKD_ADMIN_TOKEN_FILE\` for a file that contains it. For
\`rankds://\`, rankctl reads \`RANKD_TLS_CA\`, \`RANKD_TLS_CERT\` and \`RANKD_TLS_KEY\`, as the client container does.

**Output.** Results go to standard output, all other lines to standard error. \`--json\` prints one line of JSON, or one line per change
with \`--watch\`. An error is \`{"error":{"code":…,"message":…}}\`, with a code of [errors.md](errors.md) or one of rankctl's own:
\`AMBIGUOUS\`, \`TIMEOUT\`, \`BENCH_FAILED\`. Colours appear on a terminal only, and never with \`NO_COLOR\`. Control characters,
bidirectional marks and line separators in received text are printed as \`\\uXXXX\`. In JSON this escape is the same character, so the
values do not change.

| Exit code | Meaning |
| --- | --- |
| 0 | done |
| 1 | not done; standard error has the reason |
| 2 | wrong usage |

${code(own.help)}

${sections.join('\n\n')}

<!-- end -->
`);
}

/** Text that is too long for --help. */
const notes = {
  ls: '`*` marks the leader. Away members are dim. On a terminal `--watch` redraws the table; elsewhere it prints each new table. If the server is lost, rankctl waits for it.',
  why: 'The history contains causes, not ranks. rankctl computes the ranks from it and shows those that are certain. It finds a member by id or name, even if the member has left.',
  wait: 'Away members do not count. If the server does not answer yet, rankctl waits for it too.',
  servers:
    '`*` marks the server that answered. After `·` comes its own state: `current`, or why it accepts no members. APPLIED is the last record of the first stream that a server had applied at its last sign of life. No token is needed, because `/readyz` is open. A standalone server reports that it is one.',
  send: 'Prints the answer sheet. A member that is expired or left may have executed the command or not. The exit code is 1 if any recipient did not do it, and if a targeted rank does not exist or is away. If no member may execute the command, rankctl prints the reason.',
  move: 'A leader must stop first; the move happens when it has stopped. If several members have the name, rankctl refuses and prints their ids.',
  remove: 'The member receives REMOVED. Its library does not reconnect.',
  attach:
    'Type `NAME [JSON] [--to below|all|RANKS] [--deadline MS]` to send a command, or `/ls`, `/help`, `/quit`. Ctrl-D leaves too. rankctl prints the commands that it receives. It answers done to those in `--handle` and refuses all others.',
  bench:
    'Uses the engine of `scripts/bench`, with the load from this one Node process. The numbers for etcd, ZooKeeper, Consul and Kubernetes are their documented defaults with their sources; they are not measured. The exit code is 1 if a measurement failed.',
  completion:
    'Completes verbs, options, and names of members if a server answers within 2 s. Names are quoted, so the shell evaluates no part of them. The script offers the id of a member instead if its name begins like an option (write `--` before it), if another member has the same name, and in fish if the name begins with `~`.',
};

const code = text => `\`\`\`text\n${text}\n\`\`\``;
