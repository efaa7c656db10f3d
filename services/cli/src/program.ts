/** The command line of rankctl: its verbs, options and help texts. */

import { hostname } from 'node:os';
import { Command, Option, type OutputConfiguration } from 'commander';
import { limits, printable } from '@rankd/protocol';
import { completionScript, shells } from './completion/completion-script.js';
import { lineOptions } from './completion/line-options.js';
import { UsageError } from './errors.js';
import { addLooking } from './add-looking.js';
import { addSteering } from './add-steering.js';
import { checkCommandName, checkFields } from './check-arguments.js';
import { writeJson } from './commands/command-context.js';
import { attach } from './commands/attach.js';
import { bench } from './commands/bench.js';
import { completeMembers } from './commands/complete-members.js';
import { parseInteger } from './parse-integer.js';
import { addProgramVerbs } from './programs/verbs/program-verbs.js';
import { examples, type Run } from './verb-help.js';

export type { Run } from './verb-help.js';

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
    .option(
      '--token <TOKEN>',
      'token for the server (RANKD_ADMIN_TOKEN, RANKD_TOKEN, or the same with _FILE for a file)',
    )
    .option('--json', 'print the result as one line of JSON, for programs')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ ...output, outputError: (text, write) => write(shownError(text)) })
    .showHelpAfterError('Run rankctl help for the usage.')
    // commander would exit by itself, with 1 for a usage error.
    .exitOverride()
    .addHelpText('after', closing);
  addLooking(program, run);
  addSteering(program, run);
  addProgramVerbs(program);
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

/** Returns the help text of rankctl or of a verb, for a width in columns. */
export function helpOf(command: Command, columns: number): string {
  let help = '';
  const output = { writeOut: (text: string) => (help += text), getOutHelpWidth: () => columns };
  command.configureOutput(output);
  command.outputHelp();
  return help.trimEnd();
}
