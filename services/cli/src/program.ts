/** The command line of rankctl: its verbs, options and help texts. */

import { hostname } from 'node:os';
import { Argument, Command, Option, type OutputConfiguration } from 'commander';
import { limits, printable } from '@rankd/protocol';
import { readEnvironment } from '@rankd/startup/env';
import { completionScript, shells } from './completion/completion-script.js';
import { lineOptions } from './completion/line-options.js';
import { UsageError } from './errors.js';
import { parseSidePortUrl } from './http-client.js';
import { checkCommandName, checkFields, checkJson } from './check-arguments.js';
import { writeJson, type CommandContext, type ExitCode } from './commands/command-context.js';
import { attach } from './commands/attach.js';
import { bench } from './commands/bench.js';
import { completeMembers } from './commands/complete-members.js';
import { ls } from './commands/ls.js';
import { move } from './commands/move.js';
import { remove } from './commands/remove.js';
import { send } from './commands/send.js';
import { adoptRedis } from './commands/adopt.js';
import { servers } from './commands/servers.js';
import { wait } from './commands/wait.js';
import { why } from './commands/why.js';
import { parseInteger } from './parse-integer.js';

/** Runs a verb when the options are parsed and the server is known. */
export type Run = (verb: (call: CommandContext) => ExitCode | Promise<ExitCode>) => Promise<void>;

const millisMax = 86_400_000;
const secondsMax = 86_400;

/**
 * Returns the program with every verb, its options and its help.
 * @param run called with the verb of the command line
 * @param output receives help texts and usage errors
 */
export function createProgram(version: string, run: Run, output: OutputConfiguration = {}): Command {
  const program = new Command('rankctl')
    .description('Inspect and administer a rankd fleet.')
    .usage('VERB [options]')
    .version(`rankctl ${version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [VERB]', 'print the help of rankctl or of one verb')
    .option('--url <URL>', 'address of the server: rankd://host:port, or rankds:// for TLS (RANKD_URL)')
    .option('--group <NAME>', 'name of the group (RANKD_GROUP; default: default)')
    .option('--token <TOKEN>', 'token for the server (RANKD_ADMIN_TOKEN, RANKD_TOKEN)')
    .option('--json', 'print the result as one line of JSON, for programs')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ ...output, outputError: (text, write) => write(shownError(text)) })
    .showHelpAfterError('Run rankctl help for the usage.')
    // commander would exit by itself, with 1 for a usage error.
    .exitOverride()
    .addHelpText('after', closing);
  addLooking(program, run);
  addSteering(program, run);
  addOthers(program, run);
  return program;
}

/** Escapes control characters in commander's error, which may quote an argument. */
function shownError(text: string): string {
  const lines = text.replace(/^error:/, 'rankctl:').split('\n');
  return lines.map(printable).join('\n');
}

const closing = `
Exit code: 0 done, 1 not done, 2 usage error. Options override environment variables, which override .env.`;

function addLooking(program: Command, run: Run): void {
  program
    .command('ls')
    .description('show the members of the group, by rank')
    .option('-w, --watch', 'show the table again after each change, until Ctrl-C')
    .addHelpText('after', examples('rankctl ls', 'rankctl ls --watch', "rankctl ls --json | jq -r '.members[0].name'"))
    .action((options: { watch?: boolean }) => run(call => ls(call, options)));
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
  program
    .command('wait')
    .description('wait until enough members are present; the server may start later')
    .requiredOption('--members <N>', 'number of members that must be present')
    .option('--timeout <S>', 'seconds until rankctl gives up with exit code 1', '60')
    .addHelpText('after', examples('rankctl wait --members 5 --timeout 30 && rankctl send migrate'))
    .action(({ members, timeout }: { members: string; timeout: string }) => {
      const wanted = {
        members: parseInteger('--members', members, 0),
        timeoutS: parseInteger('--timeout', timeout, 0, secondsMax),
      };
      return run(call => wait(call, wanted));
    });
  program
    .command('servers')
    .addArgument(new Argument('[ACTION]', 'adopt: see below').choices(['adopt']))
    .description('show the servers of a cluster, as one of them reports them')
    .option('--http <URL>', 'side port of that server (default: http://127.0.0.1, port RANKD_HTTP_PORT or 9464)')
    .addHelpText(
      'after',
      `\nrankctl servers adopt: the server at --url waits, because Redis has lost its cluster. It accepts the present Redis as the new
cluster, and the other waiting servers follow. All members join as new ones. Needs the admin token.
${examples('rankctl servers', 'rankctl servers --http http://127.0.0.1:9465 --json', 'rankctl servers adopt --url rankd://10.0.0.7:2700')}`,
    )
    .action((action: 'adopt' | undefined, { http }: { http?: string }) => {
      if (action === 'adopt') {
        if (http !== undefined) throw new UsageError('--http is for rankctl servers: adopt uses --url');
        return run(adoptRedis);
      }
      const url = parseSidePortUrl(http, readEnvironment());
      return run(call => servers(call, url));
    });
}

function addSteering(program: Command, run: Run): void {
  program
    .command('send')
    .argument('<NAME>', 'name of the command')
    .argument('[JSON]', 'arguments of the command')
    .description('send a command to members and print their results; needs the admin token')
    .option('--to <TARGET>', 'all, or ranks such as 0 or 1,3-5', 'all')
    .option('--deadline <MS>', `deadline in milliseconds (default: ${limits.deadlineMsDefault})`)
    .addHelpText(
      'after',
      `\nExit code: 0 only if every target executed the command.\n${examples('rankctl send print \'"hello"\'', 'rankctl send log.level \'{"level":"debug"}\' --to 1,3-5 --deadline 2000')}`,
    )
    .action((name: string, json: string | undefined, { to, deadline }: { to: string; deadline?: string }) => {
      checkCommandName('NAME', name);
      const order = {
        name,
        argsJson: json === undefined ? undefined : checkJson(json),
        to,
        deadlineMs: deadline === undefined ? undefined : parseInteger('--deadline', deadline, 1, millisMax),
      };
      return run(call => send(call, order));
    });
  program
    .command('move')
    .argument('<MEMBER>', 'id of the member, or its name if it is unique')
    .argument('<RANK>', 'new rank of the member; rank 0 leads')
    .description('change the rank of a member and renumber the others; needs the admin token')
    .addHelpText('after', examples('rankctl move client-3 0'))
    .action((member: string, rank: string) => {
      const to = parseInteger('RANK', rank, 0);
      return run(call => move(call, member, to));
    });
  program
    .command('remove')
    .argument('<MEMBER>', 'id of the member, or its name if it is unique')
    .description('remove a member; its client does not rejoin; needs the admin token')
    .option('--reason <WORDS>', 'reason that the member receives, at most 64 characters')
    .addHelpText('after', examples('rankctl remove client-3 --reason "disk is failing"'))
    .action((member: string, options: { reason?: string }) => {
      checkFields({ type: 'admin', action: 'remove', id: '1', member: '1', ...options }, { reason: '--reason' });
      return run(call => remove(call, member, options));
    });
}

interface CompletionOptions {
  readonly members?: string;
  readonly kept: string;
  readonly line: string;
  readonly afterDashes: boolean;
}

function addOthers(program: Command, run: Run): void {
  program
    .command('attach')
    .description('join as a member, print rank changes, and send the commands that you type')
    .option('--name <NAME>', 'name of the member (default: the name of this host)')
    .option('--handle <NAMES>', 'commands that it answers with done, separated by commas', 'print')
    .addHelpText('after', examples('rankctl attach --name ann', 'echo \'print "hi"\' | rankctl attach'))
    .action(({ name = hostname().slice(0, limits.wordCharsMax), handle }: { name?: string; handle: string }) => {
      checkFields({ type: 'hello', name }, { name: '--name' });
      const handles = handle.split(',').filter(text => text !== '');
      for (const handled of handles) checkCommandName('--handle', handled);
      return run(call => attach(call, { name, handles }));
    });
  program
    .command('bench')
    .description('measure rankd on this machine and list the documented defaults of other systems')
    .option('--quick', 'small sizes, a few seconds: shows only that it works')
    .option('--members <N>', 'largest number of members in a measurement', '100')
    .addHelpText(
      'after',
      `\nWithout --url, it starts a new server. With --url, it uses that server, in a new group.\n${examples('rankctl bench', 'rankctl bench --quick --url rankd://127.0.0.1:2700')}`,
    )
    .action((options: { quick?: boolean; members: string }) => {
      const { url } = program.opts<{ url?: string }>();
      const members = parseInteger('--members', options.members, 2, 1000);
      return run(call => bench(call, { quick: options.quick === true, members, url }));
    });
  program
    .command('completion')
    .argument('<SHELL>', shells.join(', '))
    .description('print a script that completes rankctl in a shell')
    .addHelpText(
      'after',
      examples(
        'source <(rankctl completion bash)',
        'rankctl completion zsh > "${fpath[1]}/_rankctl"',
        'rankctl completion fish > ~/.config/fish/completions/rankctl.fish',
      ),
    )
    // Used by the completion scripts.
    .addOption(new Option('--members <TYPED>', 'print members instead, quoted for this shell').hideHelp())
    .addOption(new Option('--kept <TEXT>', 'text of the word before TYPED').default('').hideHelp())
    .addOption(
      new Option('--line <TEXT>', 'line that is completed, with its --url, --group and --token').default('').hideHelp(),
    )
    .addOption(new Option('--after-dashes', 'complete after `--`').default(false).hideHelp())
    .action((name: string, { members, kept, line, afterDashes }: CompletionOptions) => {
      const shell = shells.find(known => known === name);
      if (shell === undefined)
        throw new UsageError(`no completion for ${JSON.stringify(name)}: use one of ${shells.join(', ')}`);
      if (members !== undefined) {
        for (const [option, value] of Object.entries(lineOptions(line))) program.setOptionValue(option, value);
        return run(call => completeMembers(call, { shell, typed: members, kept, isAfterDashes: afterDashes }));
      }
      const script = completionScript(shell, program);
      return run(call => {
        if (call.json) writeJson(call, { shell, script });
        else call.terminal.write(script.trimEnd());
        return 0;
      });
    });
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map(line => `  $ ${line}`).join('\n')}`;
}

/** Returns the help text of rankctl or of a verb, for a width in columns. */
export function helpOf(command: Command, columns: number): string {
  let help = '';
  const output = { writeOut: (text: string) => (help += text), getOutHelpWidth: () => columns };
  command.configureOutput(output);
  command.outputHelp();
  return help.trimEnd();
}
