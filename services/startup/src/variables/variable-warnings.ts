/** Warns about environment variables that look like settings but are not. */

import { printable } from '@rankd/protocol/printable';
import { readDotenvFile } from './dotenv-file.js';
import type { Environment } from '../env.js';
import { isFileOfPlainSetting, isKnownName, isRankdName, nearestName } from './known-variables.js';

/** The largest number of warnings about variables. One more line has the number of the others. */
export const VARIABLE_WARNINGS_MAX = 20;

/** Returns a sentence for each variable of the process and of `.env` that no program of rankd reads, and for an unusable `.env`. */
export function readVariableWarnings(): readonly string[] {
  const { variables, warning } = readDotenvFile();
  return [...(warning === undefined ? [] : [warning]), ...warningsOf(process.env, variables)];
}

/** Returns the warnings about the variables of the process, and about those that only `.env` sets. */
export function warningsOf(environment: Environment, dotenv: Environment = {}): readonly string[] {
  const sentences = [...unknownOf(environment, ''), ...unknownOf(withoutNamesOf(environment, dotenv), ' in .env')];
  const rest = sentences.length - VARIABLE_WARNINGS_MAX;
  return rest <= 0
    ? sentences
    : [...sentences.slice(0, VARIABLE_WARNINGS_MAX), `${rest} more variables that begin with RANKD_ are unknown`];
}

function withoutNamesOf(environment: Environment, dotenv: Environment): Environment {
  return Object.fromEntries(Object.entries(dotenv).filter(([name]) => environment[name] === undefined));
}

function unknownOf(variables: Environment, where: string): string[] {
  return Object.entries(variables)
    .filter(([name, value]) => isRankdName(name) && !isKnownName(name) && !isServiceLink(name, value))
    .map(([name]) => `the variable ${printable(name)}${where} ${whatItMeans(name)}`);
}

function whatItMeans(name: string): string {
  if (isFileOfPlainSetting(name)) {
    return `is not read, because only secrets may be in a file: set ${name.slice(0, -'_FILE'.length)} itself`;
  }
  const nearest = nearestName(name);
  if (nearest === undefined) return 'is unknown and not read: docs/configuration.md has all variables';
  if (nearest === name.toUpperCase()) return `is not read, because names are in capitals: did you mean ${nearest}?`;
  return `is unknown and not read: did you mean ${nearest}?`;
}

/** Kubernetes sets RANKD_X_PORT for a service `rankd-x`. No program of rankd reads it. */
function isServiceLink(name: string, value: string | undefined): boolean {
  return /^RANKD_[A-Z0-9_]+_PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value ?? '');
}
