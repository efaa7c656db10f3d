/** The verbs that look at a fleet. */

import { Argument, type Command } from 'commander';
import { limits } from '@rankd/protocol';
import { readEnvironment } from '@rankd/startup/env';
import { adoptRedis } from './commands/adopt.js';
import { groups } from './commands/groups.js';
import { ls } from './commands/ls.js';
import { ping, PING_INTERVAL_MS_MIN, PINGS_MAX } from './commands/ping.js';
import { servers } from './commands/servers.js';
import { wait } from './commands/wait.js';
import { parseWaitCondition, type WaitConditionOptions } from './commands/wait-condition.js';
import { why } from './commands/why.js';
import { UsageError } from './errors.js';
import { events } from './events/events.js';
import { parseSidePort } from './http-client.js';
import { parseInteger } from './parse-integer.js';
import { parseListing, type ListingOptions } from './roster/roster-listing.js';
import { PLACEHOLDERS } from './roster/row-template.js';
import { examples, MILLIS_MAX, SECONDS_MAX, type Run } from './verb-help.js';

/** Adds the verbs that look at a fleet. */
export function addLooking(program: Command, run: Run): void {
  addListing(program, run);
  addWaiting(program, run);
  addServers(program, run);
}

function addListing(program: Command, run: Run): void {
  program
    .command('ls')
    .description('show the members of the group, by rank')
    .option('-w, --watch', 'show them again after each change, until Ctrl-C')
    .option('-q, --quiet', 'print only the ids of the members, one a line')
    .option('--format <TEXT>', 'print each member as this text, with placeholders; or json, or table')
    .option('--tag <KEY=VALUE>', 'show only members with this tag; may be repeated', collect)
    .addHelpText(
      'after',
      `\n${formatHelp}\n${examples(
        'rankctl ls',
        'rankctl ls --watch',
        "rankctl ls --format '{rank} {name}'",
        "rankctl ls --format 'table {name}\\t{tag.zone}' --tag tier=web",
        'rankctl ls -q',
        "rankctl ls --json | jq -r '.members[0].name'",
      )}`,
    )
    .action(({ watch, ...options }: ListingOptions & { readonly watch?: boolean }) => {
      const listing = parseListing(options, program.opts<{ json?: boolean }>().json === true);
      return run(call => ls(call, { listing, ...(watch === undefined ? {} : { watch }) }));
    });
  program
    .command('events')
    .description('print each change of the group when it happens, without joining, until Ctrl-C')
    .addHelpText(
      'after',
      `\n${eventsHelp}\n${examples('rankctl events', "rankctl events --json | jq -r 'select(.leads) | .leader.name'")}`,
    )
    .action(() => run(events));
  program
    .command('why')
    .argument('[MEMBER]', 'id or name of a member, which may have left')
    .description('show the last rank changes and their causes, newest first')
    .option('-n, --limit <N>', 'largest number of changes to show', '20')
    .addHelpText('after', examples('rankctl why', 'rankctl why client-2'))
    .action((member: string | undefined, { limit }: { limit: string }) => {
      const most = parseInteger('--limit', limit, 1, limits.historyMax);
      return run(call => why(call, member, most));
    });
}

const formatHelp = `Placeholders: ${PLACEHOLDERS}.
\\t is a tab, \\n a line end, and {{name}} the text {name}. json: one line for each member. table TEXT: the text
with a title for each column; a tab begins a column.`;

const eventsHelp = `Events: connected, joined, left, moved, away, resumed, disconnected, missing. After a lost connection it continues with
the changes since. missing: changes that the server no longer has.`;

function addWaiting(program: Command, run: Run): void {
  program
    .command('wait')
    .description('wait until a condition of the group holds; the server may start later')
    .option('--members <N>', 'at least this number of members are present')
    .option('--leader', 'a leader is present')
    .option('--rank <N>', 'a member with this rank is present')
    .option('--gone <MEMBER>', 'no member has this id or name')
    .option('--timeout <S>', 'seconds until rankctl gives up with exit code 1', '60')
    .addHelpText(
      'after',
      `\nGive exactly one condition.\n${examples(
        'rankctl wait --members 5 --timeout 30 && rankctl send migrate',
        'rankctl wait --leader',
        'rankctl remove client-3 && rankctl wait --gone client-3',
      )}`,
    )
    .action(({ timeout, ...options }: WaitConditionOptions & { readonly timeout: string }) => {
      const condition = parseWaitCondition(options);
      const timeoutS = parseInteger('--timeout', timeout, 0, SECONDS_MAX);
      return run(call => wait(call, { condition, timeoutS }));
    });
}

interface PingArguments {
  readonly count: string;
  readonly interval: string;
  readonly timeout: string;
}

function addServers(program: Command, run: Run): void {
  program
    .command('ping')
    .description('measure the round trip to the server')
    .option('-c, --count <N>', 'number of pings', '5')
    .option('-i, --interval <MS>', 'milliseconds from one ping to the next', '200')
    .option('--timeout <MS>', 'milliseconds to wait for each answer', '2000')
    .addHelpText(
      'after',
      `\nExit code: 0 if the server answered at least one ping.\n${examples('rankctl ping', 'rankctl ping --count 100 --interval 50 --json')}`,
    )
    .action((options: PingArguments) => {
      const parsed = {
        count: parseInteger('--count', options.count, 1, PINGS_MAX),
        intervalMs: parseInteger('--interval', options.interval, PING_INTERVAL_MS_MIN, MILLIS_MAX),
        timeoutMs: parseInteger('--timeout', options.timeout, 1, MILLIS_MAX),
      };
      return run(call => ping(call, parsed));
    });
  program
    .command('groups')
    .description('show the groups that have members, from the side port of the server')
    .option('--http <URL>', httpHelp)
    .addHelpText('after', examples('rankctl groups', "rankctl groups --json | jq -r '.groups[].group'"))
    .action(({ http }: { http?: string }) =>
      run(call => groups(call, parseSidePort(http, readEnvironment(), call.connection.url))),
    );
  program
    .command('servers')
    .addArgument(new Argument('[ACTION]', 'adopt: see below').choices(['adopt']))
    .description('show the servers of a cluster, as one of them reports them')
    .option('--http <URL>', httpHelp)
    .addHelpText('after', `${adoptHelp}${examples(...serversExamples)}`)
    .action((action: 'adopt' | undefined, { http }: { http?: string }) => {
      if (action === undefined)
        return run(call => servers(call, parseSidePort(http, readEnvironment(), call.connection.url)));
      if (http !== undefined) throw new UsageError('servers adopt does not use --http: name the server with --url');
      return run(adoptRedis);
    });
}

const adoptHelp = `
adopt: the server at --url waits, because Redis has lost its cluster. It accepts the present Redis as the new
cluster, and the other waiting servers follow. All members join as new ones. Needs the admin token.
`;
const serversExamples = [
  'rankctl servers',
  'rankctl servers --http http://127.0.0.1:9465 --json',
  'rankctl servers adopt --url rankd://10.0.0.7:2700',
];
const httpHelp =
  'side port of the server (default: the host of --url, port RANKD_HTTP_PORT or 9464; token RANKD_HTTP_TOKEN or RANKD_HTTP_TOKEN_FILE)';

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
