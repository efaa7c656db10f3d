import { formatPage } from './format-page.mjs';

/** Renders docs/rankctl.md from the --help texts of `rankctl` and each verb. */
export function renderRankctl([own, ...verbs]) {
  const sections = verbs.map(({ name, help }) => `## ${name}\n\n${notes[name] ?? ''}\n\n${code(help)}`);
  return formatPage(`<!-- begin: generated from services/cli/src/program.ts by scripts/docs.mjs; do not edit -->

# rankctl

Looks at a fleet and steers it. It joins nothing but with \`attach\`: otherwise it is an observer, which has no rank and counts
for no limit of members.

- In Compose: \`docker compose exec server rankctl ls\`. The admin token is in that container's environment.
- In a checkout, after \`npm ci && npm run build\`: \`npx --no-install rankctl ls\`.
- By itself: \`npm pack -w services/cli\` makes a package that needs nothing else.

Options win over the environment, and the environment over \`.env\` in the working directory. A token on the command line
is seen by whoever lists processes: better set \`RANKD_ADMIN_TOKEN\`, or \`RANKD_ADMIN_TOKEN_FILE\` to a file that holds it.
For \`rankds://\` it reads \`RANKD_TLS_CA\`, \`RANKD_TLS_CERT\` and \`RANKD_TLS_KEY\` as the client container does.

Results go to standard output, everything else to standard error. \`--json\` is one line of JSON, a line for each change where
something is watched; where it was not done, \`{"error":{"code":…,"message":…}}\`, with a code of [errors.md](errors.md) or one
of rankctl's own: \`AMBIGUOUS\`, \`TIMEOUT\`, \`BENCH_FAILED\`. There are colours on a terminal only, and none with \`NO_COLOR\`.
Control characters, bidirectional marks and line separators that others sent are written as \`\\uXXXX\`. In JSON such an escape
means the character itself, so the values are those that were sent.

| Exit | Means |
| --- | --- |
| 0 | done |
| 1 | not done; one sentence on standard error says why |
| 2 | called in a way that makes no sense |

${code(own.help)}

${sections.join('\n\n')}

<!-- end -->
`);
}

/** Text that would be too long for --help. */
const notes = {
  ls: 'The leader is marked `*`; who is away is dim. `--watch` redraws on a terminal and prints table after table elsewhere; a lost server is waited for.',
  why: 'The history names causes, not ranks: these follow from playing it back, and are shown where they are certain. A member is found by its id or name, also if it has gone.',
  wait: 'Members that are away do not count. A server that is not there yet is waited for, too.',
  servers:
    'The one that was asked is marked `*`; behind `·` stands how it stands itself: `current`, or why it takes nobody. APPLIED is the last record of the first stream that a server had applied when it was last heard. Asks for no token: `/readyz` is open. A server that stands alone says so.',
  send: 'Prints the answer sheet. Who did not answer before the deadline, or went before, may have done it or not. A rank that nobody has, or whose member is away, makes it 1 as well. Where nobody may execute it at all, a sentence says why.',
  move: 'A leader is asked to stop first, and it is done when it has stopped. A name that several members have is refused, with their ids.',
  remove: 'The member is told REMOVED, and its library does not come back by itself.',
  attach:
    'Type `NAME [JSON] [--to below|all|RANKS] [--deadline MS]`; `/ls`, `/help`, `/quit`. Ctrl-D leaves, too. Commands from above are shown; those that `--handle` names are answered with done, others are refused as by any member without a handler.',
  bench:
    'Uses the engine of `scripts/bench`, with the load from this one Node process: no compiler, no peers. What it says of etcd, ZooKeeper, Consul and Kubernetes are their documented defaults, with the source of each; nobody measured them here. Exit 1 where something could not be measured.',
  completion:
    'Completes verbs, options, and names of members where a server answers within 2 s. A name is inserted quoted: the shell evaluates nothing of it. The id of a member is offered instead where the name would be an option (write `--` before it), where another member has it, and in fish where it begins with `~`.',
};

const code = text => `\`\`\`text\n${text}\n\`\`\``;
