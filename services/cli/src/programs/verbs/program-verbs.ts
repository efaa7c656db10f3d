/** The verbs `run`, `lead` and `once` on the command line of rankctl. */

import type { Command } from 'commander';
import { readEnvironment } from '@rankd/startup/env';
import { readVariableWarnings } from '@rankd/startup/variables/variable-warnings';
import type { ConnectionOptions } from '../../connection.js';
import { checkFields } from '../../check-arguments.js';
import { UsageError } from '../../errors.js';
import { examples } from '../../verb-help.js';
import { ProgramEnd } from '../program-end.js';
import { createProgramLog } from '../program-log.js';
import { type ProgramOptions, type RestartPolicy, restartPolicies } from '../program-options.js';
import type { ProgramCall } from '../session/program-session.js';
import { addCommandOptions } from './access-arguments.js';
import { addSharedOptions, memberConnection, parseSharedOptions, type SharedArguments } from './program-arguments.js';
import { addRunOptions, parseRunOptions, type RunArguments } from './run-arguments.js';
import { lead } from './lead.js';
import { once } from './once.js';
import { run } from './run.js';

/** The names of the verbs that run a program. */
export const programVerbs: ReadonlySet<string> = new Set(['run', 'lead', 'once']);

/** Adds the verbs that run a program. */
export function addProgramVerbs(program: Command): void {
  // Without this check the options of CMD would be reported as unknown options of rankctl.
  program.hook('preSubcommand', (_program, verb) => {
    const own = rawArguments(program);
    if (programVerbs.has(verb.name()) && !own.includes('--help') && !own.includes('-h')) programWords(program);
  });
  addCommandOptions(addRunOptions(addSharedOptions(program.command('run'))))
    .usage('[options] -- CMD [ARG...]')
    .argument('[words...]')
    .description('start CMD as a member of the group; it learns its rank, and leaves when CMD ends')
    .addHelpText(
      'after',
      examples(
        'rankctl run -- ./worker --shard {rank} --of {size}',
        'rankctl run --on-change signal:HUP -- nginx -g "daemon off;"',
        `rankctl run --on reload='nginx -s reload' --http 8080 -- nginx -g "daemon off;"`,
      ),
    )
    .action((words: string[], texts: SharedArguments & RunArguments) =>
      runVerb(
        program,
        { operands: words, named: 0, texts },
        async (call, shared) => await run(call, parseRunOptions(texts, shared)),
      ),
    );
  addSharedOptions(program.command('lead'))
    .usage('[options] -- CMD [ARG...]')
    .argument('[words...]')
    .description('run CMD only while this member has rank 0; it has stopped before another member may lead')
    .option('--restart <WHEN>', 'start CMD again after its own exit: no, on-failure or always', 'no')
    .addHelpText(
      'after',
      examples(
        'rankctl lead --group beat -- celery -A app beat',
        'rankctl lead --group poll --restart always -- ./poll',
      ),
    )
    .action((words: string[], texts: SharedArguments & { readonly restart: string }) =>
      runVerb(program, { operands: words, named: 0, texts }, async (call, shared) => {
        return await lead(call, { ...shared, restart: restartPolicy(texts.restart) });
      }),
    );
  addSharedOptions(program.command('once'))
    .usage('[options] NAME -- CMD [ARG...]')
    .argument('<NAME>', 'name of the task; it should contain the release, such as migrate-$VERSION')
    .argument('[words...]')
    .description('run CMD in one member; the others wait for it and end with its exit code')
    .option('--retry', 'after an exit code other than 0 the next member runs CMD')
    .addHelpText('after', examples('rankctl once --members 3 migrate-$VERSION -- ./migrate && exec ./serve'))
    .action((name: string, words: string[], texts: SharedArguments & { readonly retry?: boolean }) =>
      runVerb(program, { operands: [name, ...words], named: 1, texts }, async ({ connection, log }, shared) => {
        const group = onceGroup(name, connection.group);
        return await once({ connection: { ...connection, group }, log }, { ...shared, retry: texts.retry === true });
      }),
    );
}

/** Returns the group of a task. Its members are those that wait for the task. */
function onceGroup(name: string, group: string): string {
  const own = group === 'default' ? `once.${name}` : `once.${group}.${name}`;
  checkFields({ type: 'hello', group: own }, { group: `the group ${own} of NAME` });
  return own;
}

function restartPolicy(text: string): RestartPolicy {
  const policy = restartPolicies.find(known => known === text);
  if (policy !== undefined) return policy;
  throw new UsageError(`--restart must be ${restartPolicies.join(', ')}, not ${JSON.stringify(text)}`);
}

/** The arguments of a verb, as commander returns them. */
interface VerbArguments {
  /** The arguments before and after `--`. */
  readonly operands: readonly string[];
  /** How many of them must be before `--`. */
  readonly named: number;
  readonly texts: SharedArguments;
}

/** Runs a verb and ends rankctl with its exit code. */
async function runVerb(
  program: Command,
  { operands, named, texts }: VerbArguments,
  verb: (call: ProgramCall, shared: ProgramOptions) => Promise<number>,
): Promise<void> {
  const { json = false, ...options } = program.opts<ConnectionOptions & { readonly json?: boolean }>();
  const words = programWords(program);
  const before = operands.slice(0, operands.length - words.length);
  if (before.length < named) throw new UsageError('NAME is missing before --');
  const unexpected = before[named];
  if (unexpected !== undefined) throw new UsageError(`${JSON.stringify(unexpected)} is unexpected before --`);
  if (process.platform === 'win32') throw new UsageError('this verb does not run on Windows: use Linux or macOS');
  const log = createProgramLog({ quiet: texts.quiet === true, json });
  try {
    for (const warning of readVariableWarnings()) log.info('unknown-variable', warning);
    const environment = readEnvironment();
    const shared = await parseSharedOptions(texts, words, environment);
    process.exit(await verb({ connection: memberConnection(options, environment), log }, shared));
  } catch (error) {
    if (!(error instanceof ProgramEnd)) throw error;
    for (const fault of error.message.split('\n').filter(line => line !== ''))
      log.error('failed', fault, { code: error.code });
    process.exit(error.code);
  }
}

/**
 * Returns CMD and its arguments: everything after the first `--`.
 * @throws UsageError if there is no `--`, or nothing after it
 */
function programWords(program: Command): readonly string[] {
  const words = rawArguments(program);
  const dashes = words.indexOf('--');
  if (dashes === -1) throw new UsageError('-- is missing before CMD: write rankctl VERB [options] -- CMD [ARG...]');
  if (dashes === words.length - 1) throw new UsageError('CMD is missing after --');
  return words.slice(dashes + 1);
}

function rawArguments(program: Command): readonly string[] {
  // commander keeps the arguments of the process here, but its types do not name it.
  return (program as Command & { readonly rawArgs: readonly string[] }).rawArgs.slice(2);
}
