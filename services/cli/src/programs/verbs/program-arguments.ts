/** Parses the options that `run`, `lead` and `once` share. */

import type { Command } from 'commander';
import { replicaName, tagsOf } from '@rankd/client/internal';
import { limits } from '@rankd/protocol';
import { type Environment, parseSettings, SettingsError } from '@rankd/startup/env';
import { settings } from '@rankd/startup/env-fields';
import { checkFields } from '../../check-arguments.js';
import { type Connection, connectionOf, type ConnectionOptions } from '../../connection.js';
import { UsageError } from '../../errors.js';
import { parseInteger } from '../../parse-integer.js';
import { configurationEnd } from '../program-end.js';
import type { ProgramOptions } from '../program-options.js';
import { type AccessArguments, addAccessOptions, parseAccessOptions } from './access-arguments.js';
import { collectTexts } from './collect-texts.js';

const secondsMax = 86_400;

/** The texts of the shared options. */
export interface SharedArguments extends AccessArguments {
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly env?: readonly string[];
  readonly joinTimeout: string;
  readonly members: string;
  readonly timeout?: string;
  readonly stopTimeout: string;
  readonly quiet?: boolean;
}

/** Adds the options that `run`, `lead` and `once` share. */
export function addSharedOptions(command: Command): Command {
  return addAccessOptions(
    command
      .option('--name <NAME>', 'name of the member (RANKD_NAME; default: the name of the replica or host)')
      .option('--tag <K=V>', 'tag of the member; repeatable (RANKD_TAGS)', collectTexts)
      .option('--env <NAME=VALUE>', 'variable for CMD; placeholders are replaced; repeatable', collectTexts)
      .option('--join-timeout <S>', 'how long to try to find a server and a seat', '60')
      .option('--members <N>', 'start CMD once N members have been present at the same time', '1')
      .option('--timeout <S>', 'how long to wait for them (default: no limit)')
      .option('--stop-timeout <S>', 'how long CMD may take to stop after SIGTERM, before SIGKILL', '10')
      .option('--quiet', "print errors only, not rankctl's other lines"),
  );
}

/**
 * Parses the shared options.
 * @param words CMD and its arguments
 * @throws UsageError; ProgramEnd 78 if a variable of the environment is invalid
 */
export async function parseSharedOptions(
  texts: SharedArguments,
  words: readonly string[],
  environment: Environment,
): Promise<ProgramOptions> {
  const [file, ...args] = words;
  if (file === undefined || file === '') throw new UsageError('CMD is missing after --');
  const { name, tags } = readIdentity(environment);
  const own = { name: texts.name, tags: { ...tags, ...pairsOf('--tag', texts.tag) } };
  checkFields({ type: 'hello', ...(own.name === undefined ? {} : { name: own.name }) }, { name: '--name' });
  checkFields({ type: 'hello', tags: own.tags }, { tags: '--tag' });
  const { joinTimeout, members, timeout, stopTimeout } = texts;
  return {
    line: { words: [file, ...args], env: variablesOf(texts.env) },
    name: own.name ?? name ?? (await replicaName()).slice(0, limits.wordCharsMax),
    tags: own.tags,
    joinTimeoutMs: 1000 * parseInteger('--join-timeout', joinTimeout, 0, secondsMax),
    members: parseInteger('--members', members, 1),
    membersTimeoutMs: timeout === undefined ? undefined : 1000 * parseInteger('--timeout', timeout, 0, secondsMax),
    stopTimeoutMs: 1000 * parseInteger('--stop-timeout', stopTimeout, 0, secondsMax),
    access: parseAccessOptions(texts),
  };
}

/**
 * Returns the server, the group and the credentials of a member.
 * @throws UsageError; ProgramEnd 78 if a variable of the environment is invalid
 */
export function memberConnection(options: ConnectionOptions, environment: Environment): Connection {
  try {
    return connectionOf(options, environment, 'member');
  } catch (error) {
    if (error instanceof UsageError && isFaultOfEnvironment(error, environment)) throw configurationEnd(error.message);
    throw error;
  }
}

/** Returns whether the environment alone, without options, has the same fault. */
function isFaultOfEnvironment({ message }: UsageError, environment: Environment): boolean {
  try {
    connectionOf({}, environment, 'member');
    return false;
  } catch (error) {
    return error instanceof UsageError && error.message === message;
  }
}

const identitySchema = settings.object({
  RANKD_NAME: settings.optionalText('the name of the member'),
  RANKD_TAGS: settings.optionalText('the tags', '^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$', 'pairs such as zone=a,disk=ssd'),
});

/** Returns the name and the tags in the environment. */
function readIdentity(environment: Environment): { readonly name?: string; readonly tags: Record<string, string> } {
  try {
    const { RANKD_NAME: name, RANKD_TAGS } = parseSettings(identitySchema, environment);
    const tags = tagsOf(RANKD_TAGS);
    checkFields({ type: 'hello', tags }, { tags: 'RANKD_TAGS' });
    if (name === undefined) return { tags };
    checkFields({ type: 'hello', name }, { name: 'RANKD_NAME' });
    return { name, tags };
  } catch (error) {
    if (error instanceof SettingsError) throw configurationEnd(error.faults.join('\n'));
    throw error instanceof UsageError ? configurationEnd(error.message) : error;
  }
}

function variablesOf(texts?: readonly string[]): Record<string, string> {
  const variables = pairsOf('--env', texts);
  const wrong = Object.keys(variables).find(name => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong === undefined) return variables;
  throw new UsageError(`--env: ${JSON.stringify(wrong)} is no name of a variable: use letters, digits and _`);
}

function pairsOf(option: string, texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map(text => {
      const at = text.indexOf('=');
      if (at <= 0) throw new UsageError(`${option} must be NAME=VALUE, not ${JSON.stringify(text)}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
