/** The verbs that steer a fleet. */

import type { Command } from 'commander';
import { limits } from '@rankd/protocol';
import { checkCommandName, checkFields, checkJson } from './check-arguments.js';
import { move } from './commands/move.js';
import { remove } from './commands/remove.js';
import { send } from './commands/send.js';
import { parseInteger } from './parse-integer.js';
import { rollout } from './rollout/rollout.js';
import { parseTarget, TARGET_FORMS } from './sending/parse-target.js';
import { examples, MILLIS_MAX, type Run } from './verb-help.js';

/** The largest batch of a rollout. A receipt lists at most this many targets (R-CMD-3). */
const BATCH_MAX = limits.refusedMax;

/** Adds the verbs that steer a fleet. */
export function addSteering(program: Command, run: Run): void {
  addSend(program, run);
  addRollout(program, run);
  addAdministration(program, run);
}

const deadlineHelp = `deadline in milliseconds (default: ${limits.deadlineMsDefault})`;

interface SendArguments {
  readonly to: string;
  readonly deadline?: string;
}

function addSend(program: Command, run: Run): void {
  program
    .command('send')
    .argument('<NAME>', 'name of the command')
    .argument('[JSON]', 'arguments of the command')
    .description('send a command to members and print their results; needs the admin token')
    .option('--to <TARGET>', TARGET_FORMS, 'all')
    .option('--deadline <MS>', deadlineHelp)
    .addHelpText(
      'after',
      `\nExit code: 0 only if every target executed the command.\n${examples(
        'rankctl send print \'"hello"\'',
        'rankctl send log.level \'{"level":"debug"}\' --to 1,3-5 --deadline 2000',
        'rankctl send reload --to name:web-3',
        'rankctl send drain --to tag:zone=eu',
      )}`,
    )
    .action((name: string, json: string | undefined, { to, deadline }: SendArguments) => {
      const order = { ...parseOrder(name, json, deadline), to: parseTarget(to) };
      return run(call => send(call, order));
    });
}

interface RolloutArguments {
  readonly batch: string;
  readonly pause: string;
  readonly deadline?: string;
}

function addRollout(program: Command, run: Run): void {
  program
    .command('rollout')
    .argument('<NAME>', 'name of the command')
    .argument('[JSON]', 'arguments of the command')
    .description('send a command to all members in batches, the leader last; needs the admin token')
    .option('--batch <N>', 'largest number of members in a batch', '1')
    .option('--pause <MS>', 'milliseconds between two batches', '0')
    .option('--deadline <MS>', deadlineHelp)
    .addHelpText(
      'after',
      `\n${rolloutHelp}\n${examples('rankctl rollout reload', 'rankctl rollout restart --batch 2 --pause 5000')}`,
    )
    .action((name: string, json: string | undefined, { batch, pause, deadline }: RolloutArguments) => {
      const order = {
        ...parseOrder(name, json, deadline),
        batch: parseInteger('--batch', batch, 1, BATCH_MAX),
        pauseMs: parseInteger('--pause', pause, 0, MILLIS_MAX),
      };
      return run(call => rollout(call, order));
    });
}

const rolloutHelp = `It begins with the last rank. The leader has a batch of its own. It stops at the first batch that not all members executed.
A member that leaves before its turn is skipped. A member that joins is commanded too, unless it takes the place of one
that executed the command and left: the same name, as after a restart.
Exit code: 0 only if every member executed the command.`;

function addAdministration(program: Command, run: Run): void {
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

interface ParsedOrder {
  readonly name: string;
  readonly argsJson: string | undefined;
  readonly deadlineMs: number | undefined;
}

function parseOrder(name: string, json: string | undefined, deadline: string | undefined): ParsedOrder {
  checkCommandName('NAME', name);
  return {
    name,
    argsJson: json === undefined ? undefined : checkJson(json),
    deadlineMs: deadline === undefined ? undefined : parseInteger('--deadline', deadline, 1, MILLIS_MAX),
  };
}
