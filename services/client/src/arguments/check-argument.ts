/** Checks of arguments and options by tables of rules. A wrong value is a RankdError BAD_ARGUMENT when it is given. */

import { RankdError } from '../rankd-error.js';
import { showValue } from './show-value.js';

/** What a value may be. */
export interface Rule {
  /** What the value must be, in words: `a function`. */
  readonly allowed: string;
  readonly accepts: (value: unknown) => boolean;
  /** Set if a message must not quote the value. */
  readonly content?: 'secret';
}

/** The rule of each option of a call, by its name. */
export type Rules<Options = unknown> = Readonly<Record<keyof Options, Rule>>;

/**
 * Checks one argument.
 * @param name how a message names it, for example `joinWithinMs`
 * @throws RankdError BAD_ARGUMENT, with the name, the value and what is allowed
 */
export function checkArgument(name: string, value: unknown, { allowed, accepts, content }: Rule): void {
  if (accepts(value)) return;
  const shown = content === 'secret' ? `of the type ${typeof value}` : showValue(value);
  throw new RankdError('BAD_ARGUMENT', `${name} is ${shown}, it must be ${allowed}`);
}

/**
 * Checks the options of a call. An option that is undefined counts as not given.
 * @param call the name of the call, for messages
 * @throws RankdError BAD_ARGUMENT, which names the option
 */
export function checkOptions(call: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (options === undefined) return;
  checkArgument(`the argument with the options of ${call}`, options, objectWithOptions);
  for (const [name, value] of Object.entries(options as object)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const known = Object.keys(rules).join(', ');
      throw new RankdError('BAD_ARGUMENT', `${call} has no option ${showValue(name)}, its options are ${known}`);
    }
    if (value !== undefined) checkArgument(name, value, rule);
  }
}

/** Returns whether `value` is an object that was written with braces, or created with the prototype null. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // Objects of another realm, for example of `node:vm`, have another Object.prototype. Only Object.prototype has none itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Rejects an object of a class without a field, such as an AbortSignal or a Map: the caller meant it for another parameter. */
const objectWithOptions: Rule = {
  allowed: 'an object with options',
  accepts: value =>
    isPlainObject(value) ||
    (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0),
};
