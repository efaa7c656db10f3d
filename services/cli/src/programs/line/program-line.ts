/** The command line and the environment of a program (R-PROG-1). */

import type { MemberFields, PlaceholderName } from './member-fields.js';
import { fillPlaceholders, findPlaceholders } from './placeholders.js';

/** Environment variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Secrets of rankctl that no program gets. For each, `NAME_FILE` may have the path of a file with the secret: no program gets the path
 * either.
 */
const secretNames = ['RANKD_TOKEN', 'RANKD_ADMIN_TOKEN', 'RANKD_HTTP_TOKEN', 'RANKD_REDIS_URL'];

/** Returns the environment without rankctl's secrets. */
export function withoutSecrets(environment: Variables): Variables {
  const hidden = new Set(secretNames.flatMap(name => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !hidden.has(name)));
}

/** The command line of a program, before its placeholders are replaced. */
export interface ProgramLine {
  /** CMD and its arguments. */
  readonly words: readonly [string, ...string[]];
  /** The variables of `--env`, by name. */
  readonly env: Readonly<Record<string, string>>;
}

/** Returns the placeholders that the line and its `--env` use. */
export function placeholdersOf({ words, env }: ProgramLine): ReadonlySet<PlaceholderName> {
  return findPlaceholders([...words, ...Object.values(env)]);
}

/** Returns CMD and its arguments for a member. */
export function fillLine({ words: [file, ...args] }: ProgramLine, fields: MemberFields): [string, ...string[]] {
  return [fillPlaceholders(file, fields), ...args.map(argument => fillPlaceholders(argument, fields))];
}

/** Returns the variables that describe a member. RANKD_FENCE is undefined unless the member leads. */
export function memberVariables(fields: MemberFields): Variables {
  return {
    RANKD_GROUP: fields.group,
    RANKD_MEMBER: fields.member,
    RANKD_NAME: fields.name,
    RANKD_RANK: fields.rank,
    RANKD_SIZE: fields.size,
    RANKD_SLOT: fields.slot,
    RANKD_LEADER: fields.leader,
    RANKD_LEADS: fields.fence === '' ? '0' : '1',
    RANKD_FENCE: fields.fence === '' ? undefined : fields.fence,
  };
}

/**
 * Returns the environment of a program: rankctl's own without its secrets, the fields of the member, and `--env`.
 * @param inherited the environment of the process, without the variables of `.env`
 * @param extra variables that other parts of rankctl give to the program
 */
export function programEnvironment(
  { env }: ProgramLine,
  fields: MemberFields,
  inherited: Variables,
  extra: Variables = {},
): Record<string, string> {
  const own = Object.entries(env).map(([name, value]) => [name, fillPlaceholders(value, fields)] as const);
  const variables = {
    ...withoutSecrets(inherited),
    ...memberVariables(fields),
    ...extra,
    ...Object.fromEntries(own),
  };
  const set = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(set);
}
