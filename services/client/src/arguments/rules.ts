/** What each argument and each option of the library may be. */

import {
  commandSchema,
  compileFieldCheck,
  adminSchemas,
  helloSchema,
  historyRequestSchema,
  targetSchema,
} from '@rankd/protocol';
import type { CommandOptions } from '../commands/command-sender.js';
import type { JoinOptions } from '../join.js';
import type { ObserveOptions } from '../observer/observe.js';
import type { AdminOrder } from '../observer/admin-order.js';
import type { PartitionOptions } from '../partitions/partition-types.js';
import { isPlainObject, type Rule, type Rules } from './check-argument.js';

/** The largest number of partitions. */
const PARTITIONS_MAX = 65_536;
/** The longest `handoverMs`: one hour. */
const HANDOVER_MS_MAX = 3_600_000;

/** A function. */
export const functionRule: Rule = { allowed: 'a function', accepts: value => typeof value === 'function' };

/** A whole number. */
function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): Rule {
  const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
  return {
    allowed: `a whole number${range}`,
    accepts: value => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
  };
}

const hasMethods = (value: unknown, methods: readonly string[]): boolean =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  methods.every(method => typeof Reflect.get(value, method) === 'function');

const signal: Rule = {
  allowed: 'an AbortSignal',
  accepts: value =>
    hasMethods(value, ['addEventListener', 'removeEventListener']) &&
    typeof Reflect.get(value as object, 'aborted') === 'boolean',
};

const milliseconds: Rule = {
  allowed: 'a number of ms, 0 or more, or Infinity',
  accepts: value => typeof value === 'number' && value >= 0,
};

const logger: Rule = {
  allowed: 'an object with the methods debug, info, warn and error',
  accepts: value => hasMethods(value, ['debug', 'info', 'warn', 'error']),
};

const isPem = (value: unknown): boolean =>
  value === undefined ||
  typeof value === 'string' ||
  value instanceof Uint8Array ||
  (Array.isArray(value) && value.every(isPem));

const tlsOptions = ['ca', 'cert', 'key'];

const tls: Rule = {
  allowed: 'an object with ca, cert and key in PEM form, or a function that returns one',
  content: 'secret',
  accepts: value =>
    typeof value === 'function' ||
    (isPlainObject(value) && Object.entries(value).every(([name, pem]) => tlsOptions.includes(name) && isPem(pem))),
};

/** The server ends a session that sends the key `__proto__` (R-FRAME-3). */
const tagsOnly = (rule: Rule): Rule => ({
  ...rule,
  accepts: value => isPlainObject(value) && !Object.hasOwn(value, '__proto__') && rule.accepts(value),
});

const tags = tagsOnly(compileFieldCheck(helloSchema.properties.tags));
const anyTarget = compileFieldCheck(targetSchema);

const target: Rule = {
  allowed: `${anyTarget.allowed}; one of them`,
  accepts: value => {
    if (!anyTarget.accepts(value)) return false;
    if (typeof value === 'string') return true;
    // The server ignores further fields, so a second list would have no effect.
    if (!isPlainObject(value) || Object.keys(value).length !== 1) return false;
    return value['tags'] === undefined || tags.accepts(value['tags']);
  },
};

const secret: Rule = { ...compileFieldCheck(helloSchema.properties.token), content: 'secret' };
const group = compileFieldCheck(helloSchema.properties.group);

const claimFields = helloSchema.properties.resume.properties;
const claim: Readonly<Record<string, Rule>> = {
  member: compileFieldCheck(claimFields.member),
  secret: compileFieldCheck(claimFields.secret),
  group,
  epoch: wholeNumber(0),
};

/** The claim of a membership, possibly read from a file. A later version may add fields. */
const resume: Rule = {
  allowed: 'the claim of a membership: an object with member and secret',
  content: 'secret',
  accepts: value =>
    isPlainObject(value) &&
    Object.entries(claim).every(([name, rule]) => {
      const isOptional = name === 'group' || name === 'epoch';
      return (isOptional && value[name] === undefined) || rule.accepts(value[name]);
    }),
};

/** The options of `join`. */
export const joinRules: Rules<JoinOptions> = {
  group,
  name: compileFieldCheck(helloSchema.properties.name),
  tags,
  token: secret,
  tls,
  dial: functionRule,
  updates: compileFieldCheck(helloSchema.properties.updates),
  logger,
  joinWithinMs: milliseconds,
  resume,
  keepClaim: functionRule,
  require: compileFieldCheck(helloSchema.properties.require),
  signal,
  prepare: functionRule,
};

/** The options of `observe`. */
export const observeRules: Rules<ObserveOptions> = {
  group,
  token: secret,
  require: compileFieldCheck(helloSchema.properties.require),
  tls,
  signal,
};

/** The options of `lead` and `untilRank`. */
export const waitRules: Rules<{ readonly signal?: AbortSignal }> = { signal };

/** The name of a command. */
export const commandNameRule: Rule = compileFieldCheck(commandSchema.properties.name);

const deadlineMs = compileFieldCheck(commandSchema.properties.deadlineMs);

/** The protocol also has `none`, but then there is no outcome to wait for. */
const reply: Rule = {
  allowed: '"outcome" or "each"',
  accepts: value => value === 'outcome' || value === 'each',
};

/** The options of `command` and `stream`. */
export const commandRules: Rules<CommandOptions> = {
  to: target,
  deadlineMs,
  reply,
  signal,
};

/** A rank. */
export const rankRule: Rule = wholeNumber(0);

/** The number of partitions. */
export const partitionCountRule: Rule = wholeNumber(1, PARTITIONS_MAX);

/** The options of `partitions`. */
export const partitionRules: Rules<PartitionOptions> = { handoverMs: wholeNumber(0, HANDOVER_MS_MAX) };

/** The handlers of `partitions`. They may be methods of a class. */
export const partitionHandlersRule: Rule = {
  allowed: 'an object with the function acquire, and optionally the functions release and lost',
  accepts: value => {
    if (!hasMethods(value, ['acquire'])) return false;
    const handlers = value as Readonly<Record<string, unknown>>;
    const known = ['acquire', 'release', 'lost'];
    if (isPlainObject(value) && Object.keys(value).some(name => !known.includes(name))) return false;
    return known.every(name => handlers[name] === undefined || typeof handlers[name] === 'function');
  },
};

/** An administrator's command. */
export const orderRule: Rule = { allowed: 'an object with a command', accepts: isPlainObject };

/** The fields of an administrator's command. */
export const adminOrderRules: Rules<AdminOrder> = {
  name: commandNameRule,
  argsJson: { allowed: 'a string with JSON', accepts: value => typeof value === 'string' },
  to: target,
  deadlineMs,
  onReceipt: functionRule,
  onResult: functionRule,
};

/** The id of a member. */
export const memberIdRule: Rule = compileFieldCheck(adminSchemas.move.properties.member);
/** Why an administrator removes a member. */
export const removeReasonRule: Rule = compileFieldCheck(adminSchemas.remove.properties.reason);
/** The number of changes of a history. */
export const historyLimitRule: Rule = compileFieldCheck(historyRequestSchema.properties.limit);
