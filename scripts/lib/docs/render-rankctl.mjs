import { formatPage } from './format-page.mjs';

/** Renders docs/rankctl.md from the --help texts of `rankctl` and each verb. */
export function renderRankctl([own, ...verbs]) {
  const run = verbs.find(({ name }) => name === 'run').help;
  const sections = verbs.map(({ name, help }) => {
    const isLikeRun = name === 'lead' || name === 'once';
    const { text, omitted } = isLikeRun ? withoutOptionsOf(run, help) : { text: help, omitted: [] };
    const note = isLikeRun
      ? `\`rankctl ${name}\` also has these options of [run](#run): ${omitted.join(', ')}.`
      : (notes[name] ?? '');
    return `## ${name}\n\n${note}\n\n${code(withoutCommonOptions(text))}`;
  });
  return formatPage(`<!-- begin: generated from services/cli/src/program.ts by scripts/docs.mjs; do not edit -->

# rankctl

\`rankctl\` shows and administers a group. \`run\`, \`lead\` and \`once\` start a program as a member ([programs.md](programs.md)).
\`attach\` joins as a member. All other verbs connect as an observer, which is not a member.

- In Compose: \`docker compose exec server rankctl ls\`. The container's environment has the admin token.
- In a clone, after \`npm ci && npm run build\`: \`npx --no-install rankctl ls\`.
- Elsewhere: \`npm pack -w services/cli\` makes a package without dependencies.

**Settings.** Options override environment variables, which override \`.env\` in the working directory. Other users can see a token on
the command line in the list of processes, so set variables:

| Variable | Meaning |
| --- | --- |
| \`RANKD_URL\` | The server, with its port: \`rankd://127.0.0.1:2700\` by default. rankctl does not read \`RANKD_HOST\` and \`RANKD_PORT\`: they are the server's. |
| \`RANKD_GROUP\` | The group. |
| \`RANKD_ADMIN_TOKEN\`, \`RANKD_TOKEN\` | The token. If both are set, \`run\`, \`lead\` and \`once\` send the second, and all other verbs the first. |
| \`RANKD_ADMIN_TOKEN_FILE\`, \`RANKD_TOKEN_FILE\` | A file that contains the token, instead of the variable without \`_FILE\`. |
| \`RANKD_TLS_CA\`, \`RANKD_TLS_CERT\`, \`RANKD_TLS_KEY\` | For \`rankds://\`: the CA of the server, and the certificate of the client ([tls.md](operations/tls.md)). |
| \`RANKD_HTTP_PORT\` | \`groups\` and \`servers\` ask the [side port](operations/side-port.md): at the host of \`RANKD_URL\` and this port (9464), or at \`--http\`. |
| \`RANKD_HTTP_TOKEN\`, \`RANKD_HTTP_TOKEN_FILE\` | The token of the side port. It is not the admin token. |

**Output.** Results go to standard output, all other lines to standard error. \`--json\` prints one line of JSON, and with \`--watch\` one
line per change. An error is \`{"error":{"code":…,"message":…}}\`, with a code of [errors.md](errors.md) or one of rankctl's own:
\`AMBIGUOUS\`, \`TIMEOUT\`, \`BENCH_FAILED\`, \`LINE_TOO_LONG\`, \`BAD_INPUT\`. Colours appear on a terminal only, and never with \`NO_COLOR\`. Control characters,
bidirectional marks and line separators in received text are printed as \`\\uXXXX\`. The escapes do not change values in JSON. Numbers in
arguments and results keep all their digits.

| Exit code | Meaning |
| --- | --- |
| 0 | done |
| 1 | not done. Standard error has the reason. With \`--json\`, standard output has the error as JSON; if it is a terminal, standard error does not repeat it. |
| 2 | wrong usage |

\`run\`, \`lead\` and \`once\` have more exit codes ([programs.md](programs.md#exit-codes)).

${code(own.help)}

Every verb has these options, so the sections below do not repeat them.

${sections.join('\n\n')}

<!-- end -->
`);
}

/** Text that is too long for --help. */
const notes = {
  ls: '`*` marks the leader. Away members are dim. On a terminal `--watch` redraws the table. Elsewhere it prints each new table. For a slow reader it drops all tables but the newest. On Linux, `ls --watch` ends when the last reader of its output pipe exits. If the connection to the server is lost, `--watch` waits until the server is back.',
  why: 'rankctl computes the ranks from the causes that the server keeps, and shows only ranks that are certain.',
  wait: 'Away members do not count. If the server does not answer yet, rankctl waits for it.',
  servers:
    "`*` marks the server that answered. The first line ends with its state: `current`, or why it accepts no members. APPLIED is the server's position in the first shard, as its last heartbeat reported it. No token is needed. For a standalone server, rankctl prints that it is not in a cluster.",
  send: 'rankctl prints the answer sheet: how the command ended for each recipient. A member with `expired` or `left` may have executed the command. The exit code is 1 if a recipient did not execute the command, or if a targeted rank does not exist or is away. If no member may execute the command, rankctl prints the reason. If the server is lost before the outcome, rankctl prints the results that have arrived and OUTCOME_UNKNOWN: the others may have executed the command.',
  move: 'If the move changes the leader, the server waits until the old leader has stopped. If several members have the name, rankctl refuses and prints their ids.',
  remove: 'The member receives REMOVED. Its client library does not reconnect.',
  attach:
    'Type `NAME [JSON] [--to below|all|RANKS] [--deadline MS]` to send a command, or `/ls`, `/resign` (give up your rank), `/help`, `/quit`. Ctrl-D leaves too. rankctl prints the commands that it receives, answers `done` to those in `--handle`, and refuses all others. Without a terminal as input, the exit code is 1 if a line was not understood or a target did not execute a command. If the output is read slowly, at most 1 MiB of lines waits. Further lines are dropped, and the line `dropped` has their number.',
  bench:
    'All load comes from this one Node process. For etcd, ZooKeeper, Consul and Kubernetes rankctl prints documented defaults with their sources. It does not measure them. The exit code is 1 if a measurement failed.',
  completion:
    'The script completes verbs and options, and names of members if a server answers within 2 s. It uses `--url`, `--group` and `--token` from the command line, unless the shell would expand their values. It quotes names, so the shell evaluates no part of them. In place of a name it offers the id of the member if another member has the same name, or if the name begins with `-` (to type it, write `--` before it) or with `~` (fish only).',
};

/** Returns the help of a verb without the options of all verbs, which the first block of the page has. */
function withoutCommonOptions(help) {
  const sections = help.split('\n\n').filter(section => !section.startsWith('Global Options:'));
  return sections
    .join('\n\n')
    .replace(/^ +-h, --help +print this help\n/m, '')
    .replace(/^Options:\n\n/m, '');
}

/** Returns the help of a verb without the options that `run` describes in the same words, and the names of these options. */
function withoutOptionsOf(run, help) {
  const described = options(run);
  const omitted = options(help).filter(option => described.includes(option));
  return {
    text: omitted.reduce((text, option) => text.replace(option, ''), help),
    omitted: omitted.map(option => `\`${option.trim().split(' ')[0]}\``),
  };
}

/** Returns the options of a verb, each with all lines of its description, without those of all verbs. */
function options(help) {
  return withoutCommonOptions(help).match(/^ {2}--.*\n(?: {3,}.*\n)*/gm);
}

const code = text => `\`\`\`text\n${text}\n\`\`\``;
